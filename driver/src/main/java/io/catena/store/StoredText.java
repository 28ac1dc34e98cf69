package io.catena.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/** Small text files that are replaced whole: a reader finds the old text or the new, also after a power cut. */
public final class StoredText {
    private static final String NEW = ".new";

    /** JSON of many small values takes some twenty times its size in memory. */
    private static final int MAX_BYTES = 8 << 20;

    /** A text that is one value may be longer. */
    private static final int LONG_BYTES = 16 << 20;

    /** What tells of a single thing takes less, so that many of them, whoever put them there, do not fill the memory. */
    private static final int SMALL_BYTES = 128 << 10;

    private StoredText() {}

    /** A file is larger than a text of its kind can be. */
    public static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1;

        TooLargeException(String name, long bytes, int mostBytes) {
            super(name + " has " + bytes + " bytes, expected at most " + mostBytes);
        }
    }

    /**
     * Replaces the text of a file, or makes the file. Durable when this returns; nothing has changed if the text is too large to
     * be read again.
     *
     * <ol>
     *   <li>Write the text under another name and sync it: the name to come must never show half a text.
     *   <li>Rename, which replaces the old text at one instant.
     *   <li>Sync the names.
     * </ol>
     *
     * @throws TooLargeException as {@link #read(Storage, String)} does
     */
    public static void write(Storage storage, String name, String text) throws IOException {
        write(storage, name, text, MAX_BYTES);
    }

    /** As {@link #write(Storage, String, String)}, for what {@link #readLong} reads. */
    public static void writeLong(Storage storage, String name, String text) throws IOException {
        write(storage, name, text, LONG_BYTES);
    }

    private static void write(Storage storage, String name, String text, int mostBytes) throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        if (bytes.length > mostBytes) {
            throw new TooLargeException(name, bytes.length, mostBytes);
        }
        String fresh = name + NEW;
        storage.delete(fresh);
        try {
            try (BlockFile file = storage.create(fresh)) {
                file.write(0, ByteBuffer.wrap(bytes));
                file.sync();
            }
            storage.rename(fresh, name);
        } catch (IOException e) {
            deleteAfter(e, storage, fresh);
            throw e;
        }
        storage.syncNames();
    }

    /** Whether a file, told by its name, is a new text that has not taken the place of the old one yet. */
    public static boolean isBeingWritten(String name) {
        return name.endsWith(NEW);
    }

    private static void deleteAfter(IOException reason, Storage storage, String name) {
        try {
            storage.delete(name);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /**
     * Returns the text of a file; empty if there is no such file.
     *
     * @throws TooLargeException if it has more than 8 MiB
     */
    public static Optional<String> read(Storage storage, String name) throws IOException {
        return read(storage, name, MAX_BYTES);
    }

    /** As {@link #read(Storage, String)}, for a text that is one long value: of at most 16 MiB. */
    public static Optional<String> readLong(Storage storage, String name) throws IOException {
        return read(storage, name, LONG_BYTES);
    }

    /** As {@link #read(Storage, String)}, for a file that tells of a single thing: of at most 128 KiB. */
    public static Optional<String> readSmall(Storage storage, String name) throws IOException {
        return read(storage, name, SMALL_BYTES);
    }

    private static Optional<String> read(Storage storage, String name, int mostBytes) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            long size = file.size();
            if (size > mostBytes) {
                throw new TooLargeException(name, size, mostBytes);
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            file.readFully(0, bytes);
            return Optional.of(new String(bytes.array(), UTF_8));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }
}
