package io.catena.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Small text files that are replaced whole: a reader finds the old text or the new, also after a power cut. */
public final class StoredText {
    private static final String NEW = ".new";

    /** JSON of many small values takes some twenty times its size in memory. */
    private static final int MAX_BYTES = 8 << 20;

    /** A text that is one value may be longer. */
    private static final int LONG_BYTES = 16 << 20;

    /** Some 300 for each file of the largest SR, twice as many as names of the usual length need. */
    private static final int LIST_BYTES = 48 << 20;

    private static final int BUFFER_BYTES = 64 << 10;

    /** What tells of a single thing takes less, so that many of them, whoever put them there, do not fill the memory. */
    private static final int SMALL_BYTES = 128 << 10;

    private StoredText() {}

    /** A file is larger than a text of its kind can be. */
    public static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1;

        public TooLargeException(String name, long length, int most) {
            super(name + " has " + length + " bytes, expected at most " + most);
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

    /**
     * As {@link #write(Storage, String, String)}, of several files, which then wait for fewer syncs. Each has its old text or its
     * new one at any time; if this fails some may have the new one.
     *
     * <ol>
     *   <li>Write each text under another name and sync it.
     *   <li>Rename them.
     *   <li>Sync the names.
     * </ol>
     *
     * @param texts by the files' names
     */
    public static void writeAll(Storage storage, Map<String, String> texts) throws IOException {
        Map<String, byte[]> encoded = new LinkedHashMap<>();
        for (Map.Entry<String, String> text : texts.entrySet()) {
            encoded.put(text.getKey(), encode(text.getKey(), text.getValue(), MAX_BYTES));
        }
        try {
            for (Map.Entry<String, byte[]> text : encoded.entrySet()) {
                layReady(storage, text.getKey(), file -> file.write(0, ByteBuffer.wrap(text.getValue())));
            }
            for (String name : encoded.keySet()) {
                storage.rename(whileWritten(name), name);
            }
        } catch (IOException e) {
            encoded.keySet().forEach(name -> deleteAfter(e, storage, whileWritten(name)));
            throw e;
        }
        storage.syncNames();
    }

    /** As {@link #write(Storage, String, String)}, for what {@link #readLong} reads. */
    public static void writeLong(Storage storage, String name, String text) throws IOException {
        write(storage, name, text, LONG_BYTES);
    }

    private static void write(Storage storage, String name, String text, int mostBytes) throws IOException {
        byte[] bytes = encode(name, text, mostBytes);
        replace(storage, name, file -> file.write(0, ByteBuffer.wrap(bytes)));
    }

    private static byte[] encode(String name, String text, int mostBytes) throws TooLargeException {
        byte[] bytes = text.getBytes(UTF_8);
        if (bytes.length > mostBytes) {
            throw new TooLargeException(name, bytes.length, mostBytes);
        }
        return bytes;
    }

    /** Writes a text bit by bit, so that it is never in memory as a whole. */
    @FunctionalInterface
    public interface Body {
        void writeTo(Writer out) throws IOException;
    }

    /** Makes something of a text bit by bit. */
    @FunctionalInterface
    public interface Parser<T> {
        T parse(Reader in) throws IOException;
    }

    /** As {@link #write(Storage, String, String)}, for what {@link #readList} reads. */
    public static void writeList(Storage storage, String name, Body body) throws IOException {
        replace(storage, name, file -> {
            Writer out = new OutputStreamWriter(
                    new BufferedOutputStream(FileBytes.to(file, LIST_BYTES), BUFFER_BYTES), UTF_8);
            body.writeTo(out);
            out.flush();
        });
    }

    /**
     * As {@link #read(Storage, String)}, for a list with an entry for each file of an SR: of at most 48 MiB. What is made of it
     * must bound how many entries it takes.
     */
    public static <T> Optional<T> readList(Storage storage, String name, Parser<T> parser) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            checkSize(file, name, LIST_BYTES);
            Reader in = new InputStreamReader(new BufferedInputStream(FileBytes.of(file), BUFFER_BYTES), UTF_8);
            return Optional.of(parser.parse(in));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private interface Content {
        void writeTo(BlockFile file) throws IOException;
    }

    private static void replace(Storage storage, String name, Content content) throws IOException {
        try {
            layReady(storage, name, content);
            storage.rename(whileWritten(name), name);
        } catch (IOException e) {
            deleteAfter(e, storage, whileWritten(name));
            throw e;
        }
        storage.syncNames();
    }

    private static void layReady(Storage storage, String name, Content content) throws IOException {
        storage.delete(whileWritten(name));
        try (BlockFile file = storage.create(whileWritten(name))) {
            content.writeTo(file);
            file.sync();
        }
    }

    /** Returns the name that the new text of a file has until it takes the place of the old one. */
    public static String whileWritten(String name) {
        return name + NEW;
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
            ByteBuffer bytes = ByteBuffer.allocate(checkSize(file, name, mostBytes));
            file.readFully(0, bytes);
            return Optional.of(new String(bytes.array(), UTF_8));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static int checkSize(BlockFile file, String name, int mostBytes) throws IOException {
        long size = file.size();
        if (size > mostBytes) {
            throw new TooLargeException(name, size, mostBytes);
        }
        return (int) size;
    }
}
