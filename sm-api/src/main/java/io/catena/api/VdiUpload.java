package io.catena.api;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * The content of a disk that comes as a stream of bytes, of which the head has been read.
 *
 * <p><b>Threads.</b> For use by one thread.
 */
public interface VdiUpload {
    /** Returns the size of the disk, a multiple of 512. */
    long sizeBytes();

    /** Returns what the stream says of its content, and whether it holds only what changed since another. */
    default ContentOrigin origin() {
        return ContentOrigin.UNKNOWN;
    }

    /**
     * Writes down what must be known of the stream to read on from wherever {@link VdiImport#reached} was told.
     *
     * @return false if it can be read from its beginning only
     */
    default boolean writeHead(WritableByteChannel sink) throws IOException {
        return false;
    }

    /**
     * Reads the rest, and writes what is not zero to a new disk; to be committed only if this returns.
     *
     * @throws IOException if the stream breaks off
     * @throws SrException {@link SrError#BAD_REQUEST} if the stream is not what its head says, or whatever the disk throws
     */
    void copyTo(VdiImport target) throws IOException;
}
