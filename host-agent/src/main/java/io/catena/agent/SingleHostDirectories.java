package io.catena.agent;

import io.catena.agent.linux.FileSystemType;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.TreeSet;

/**
 * The directories on shared file systems of which the admin has said that no other host uses them; remembered as long as the
 * agent's other state.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class SingleHostDirectories {
    private final Path file;

    SingleHostDirectories(Path file) {
        this.file = file;
    }

    /** Remembers what the admin says of a directory. */
    synchronized void add(Path directory) throws IOException {
        TreeSet<String> all = new TreeSet<>(known());
        if (all.add(directory.toString())) {
            Path fresh = Path.of(file + ".new");
            Files.write(fresh, all);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private List<String> known() throws IOException {
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    /** Whether the admin has said so of a directory. */
    synchronized boolean allows(Path directory) throws IOException {
        return known().contains(directory.toString());
    }

    /**
     * Makes sure that no other host can have a directory's files, as far as that can be told.
     *
     * @throws SrException if one could, and the admin has not said that none does
     */
    synchronized void check(Path directory, FileSystemType type) throws IOException {
        if (!type.isLocal() && !allows(directory)) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            directory + " is on a file system that other hosts may use, too: " + type.name()
                                    + ". Nothing keeps two hosts from writing the same disks there, and both would lose"
                                    + " data")
                    .correction(Advice.of("If other hosts are to reach it, share it while it is detached: ")
                            .then(Remedy.of(Verb.SR_SHARE, directory))
                            .then(". If no other host uses this directory, now and later, say so with --single-host."));
        }
    }
}
