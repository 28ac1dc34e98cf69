package io.catena.disk;

/** Is told how long requests of a disk were held back. Safe for use by many threads. */
@FunctionalInterface
public interface PauseMeter {
    /** Notes a time in which new requests had to wait, from when the first of them could have met the closed gate. */
    void paused(long nanos);
}
