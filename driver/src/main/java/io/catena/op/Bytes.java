package io.catena.op;

import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Base64;

/** Bytes to be written at an offset of a file, in base64 so that a journal can hold them. */
public record Bytes(long offset, String base64) {
    /**
     * @throws IllegalArgumentException if {@code base64} is none, or {@code offset} negative
     */
    public Bytes {
        Base64.getDecoder().decode(base64);
        if (offset < 0) {
            throw new IllegalArgumentException("no bytes of a file at byte " + offset);
        }
    }

    /** Takes what remains of {@code bytes}, and leaves its position alone. */
    public static Bytes of(long offset, ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return new Bytes(offset, Base64.getEncoder().encodeToString(copy));
    }

    /** Returns the bytes themselves. */
    public ByteBuffer buffer() {
        return ByteBuffer.wrap(Base64.getDecoder().decode(base64));
    }

    void writeTo(BlockFile file) throws IOException {
        file.write(offset, buffer());
    }
}
