package io.catena.agent.control.upload;

import io.catena.api.Vdi;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;

/** How a disk is made of a stream. Safe for use by many threads. */
public interface Making {
    /** Makes it of the whole stream, whatever an earlier agent has left. */
    Vdi of(ReadableByteChannel stream);

    /** Returns how far an earlier agent came. */
    Optional<UploadView> left();

    /** Goes on where an earlier agent came to. */
    Vdi ofRest(ReadableByteChannel rest);
}
