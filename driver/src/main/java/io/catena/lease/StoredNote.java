package io.catena.lease;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * A note in a file, which is written over in place: one write and one sync, and no change of names. A text is preceded by the
 * CRC-32 of its bytes, in hex, and a space; spaces follow up to {@link #BYTES}.
 */
final class StoredNote {
    /** Bytes in the file, so few that a write of them is one request to any file server. */
    static final int BYTES = 1024;

    private static final int CRC_DIGITS = 8;

    private StoredNote() {}

    static void write(Storage storage, String name, String text) throws IOException {
        ByteBuffer bytes = encode(text);
        try (BlockFile file = openOrCreate(storage, name)) {
            file.write(0, bytes);
            file.sync();
        }
    }

    private static BlockFile openOrCreate(Storage storage, String name) throws IOException {
        try {
            return storage.open(name);
        } catch (NoSuchFileException e) {
            BlockFile file = storage.create(name);
            storage.syncNames();
            return file;
        }
    }

    private static ByteBuffer encode(String text) {
        byte[] content = text.getBytes(UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        if (content.length > BYTES - CRC_DIGITS - 1) {
            throw new IllegalArgumentException("a note of " + content.length + " bytes does not fit: " + text);
        }
        bytes.put((crc(text) + " ").getBytes(UTF_8)).put(content);
        while (bytes.hasRemaining()) {
            bytes.put((byte) ' ');
        }
        return bytes.flip();
    }

    private static String crc(String text) {
        CRC32 crc = new CRC32();
        crc.update(text.getBytes(UTF_8));
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }

    /** Returns the whole content of the file, which changes with each write; empty if there is none. */
    static Optional<String> content(Storage storage, String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(BYTES);
            file.read(0, bytes);
            return Optional.of(UTF_8.decode(bytes.flip()).toString());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Returns the text in the content of a file; empty if that is damaged, or half written. */
    static Optional<String> text(String content) {
        if (content.length() <= CRC_DIGITS) {
            return Optional.empty();
        }
        String text = content.substring(CRC_DIGITS + 1).stripTrailing();
        return content.startsWith(crc(text) + " ") ? Optional.of(text) : Optional.empty();
    }
}
