package io.catena.lease;

import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Small texts that all hosts of an SR see. There are two kinds, so that a plain shared directory can keep them:
 *
 * <ul>
 *   <li><b>Records</b> ({@link #read}, {@link #replace}): hosts contend for them, and one wins. Never removed, so that their
 *       versions only grow.
 *   <li><b>Notes</b> ({@link #note}, {@link #writeNote}): one host writes them, the others read.
 * </ul>
 *
 * Keys have parts of lower-case letters, digits and "-", with "/" between them; two parts or more for notes. All is
 * linearizable: who reads after a write has returned, on whatever host, finds it or what came after.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface LeaseStore extends Closeable {
    /** Returns a record. */
    Optional<Entry> read(String key) throws IOException;

    /** Returns the records whose keys start with {@code prefix}, sorted by key. */
    List<Entry> list(String prefix) throws IOException;

    /**
     * Changes a record if nobody has changed it meanwhile.
     *
     * @param old as it was read; null if there must be none
     * @return the record as it is now, durable; empty if somebody else was first
     * @throws IOException if it is not known whether it was changed
     */
    Optional<Entry> replace(String key, @Nullable Entry old, String value) throws IOException;

    /** Returns those of {@code entries} that were changed since: for many at once, as cheap as can be. */
    List<Entry> superseded(Collection<Entry> entries) throws IOException;

    /** Returns a note; if it is damaged, what tells it from others. */
    Optional<String> note(String key) throws IOException;

    /** Returns the notes whose keys start with {@code prefix}, which ends behind a part; a note that is damaged is left out. */
    SortedMap<String, String> notes(String prefix) throws IOException;

    /** Writes a note; durable when this returns. The caller is the only one who writes notes of this key. */
    void writeNote(String key, String value) throws IOException;

    /** Removes a note; does nothing if there is none. */
    void removeNote(String key) throws IOException;
}
