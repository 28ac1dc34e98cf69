package io.catena.agent.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Which guests may be frozen by us, remembered outside the process: one empty file each. Guests end with the host, so the
 * marks need not outlive it.
 */
final class FreezeMarks {
    private final Path directory;

    /**
     * @param directory made if it is absent
     */
    FreezeMarks(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
    }

    /** Returns whether the mark is new. */
    boolean add(UUID guest) {
        try {
            Files.createFile(file(guest));
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void remove(UUID guest) {
        try {
            Files.deleteIfExists(file(guest));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<UUID> all() {
        List<UUID> guests = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            files.forEach(file -> guests.add(UUID.fromString(file.toFile().getName())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return guests;
    }

    private Path file(UUID guest) {
        return directory.resolve(guest.toString());
    }
}
