package io.catena.agent.state;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * A small text file. A crash at any moment leaves the text that was last written, or the one that was being written.
 *
 * <p><b>Threads.</b> For one writer at a time.
 */
public final class DurableFile {
    private final Path file;
    private final Path draft;

    /**
     * @param file its directory exists; beside it a file with ".new" appended is used
     */
    public DurableFile(Path file) {
        this.file = file;
        draft = file.resolveSibling(file.getFileName() + ".new");
    }

    /** Returns what was written last; nothing if nothing was. */
    public Optional<String> read() throws IOException {
        return Files.exists(file) ? Optional.of(Files.readString(file, StandardCharsets.UTF_8)) : Optional.empty();
    }

    /**
     * Replaces what was written before.
     *
     * <ol>
     *   <li>Write and sync under another name: the old text is whole until the new one is.
     *   <li>Rename: readers see the old or the new.
     *   <li>Sync the directory: what the caller does next may rely on the new.
     * </ol>
     */
    public void write(String text) throws IOException {
        writeDraft(text);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel directory = FileChannel.open(file.resolveSibling("."), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /** The first step of {@link #write}, apart so that a test can stop after it. */
    public void writeDraft(String text) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        try (FileChannel channel = FileChannel.open(
                draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
