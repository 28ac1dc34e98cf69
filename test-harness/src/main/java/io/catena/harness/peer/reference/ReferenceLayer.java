package io.catena.harness.peer.reference;

import java.io.Closeable;
import java.io.IOException;

/** One file of a chain together with everything below it, as the reference reader sees it. */
interface ReferenceLayer extends Closeable {
    int SECTOR_BYTES = 512;

    /** Size of the disk this layer shows, in bytes. */
    long sizeBytes();

    /** Fills {@code target}, one sector long, with what a guest sees; bytes at or beyond {@link #sizeBytes} are zero. */
    void readSector(long sector, byte[] target) throws IOException;
}
