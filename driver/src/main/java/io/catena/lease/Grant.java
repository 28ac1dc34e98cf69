package io.catena.lease;

/**
 * That a session holds what a record is about.
 *
 * <p><b>Threads.</b> Immutable.
 *
 * @param entry the record, as this session wrote it
 */
public record Grant(Entry entry, Claim claim) {
    /** Returns the fencing token: higher than that of all who had it before. */
    public long epoch() {
        return entry.version();
    }

    /** Returns the record's key. */
    public String key() {
        return entry.key();
    }
}
