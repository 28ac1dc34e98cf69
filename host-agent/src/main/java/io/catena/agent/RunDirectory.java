package io.catena.agent;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.Set;

/** Where a running agent keeps its sockets and what it must remember; one agent at a time. */
public final class RunDirectory implements Closeable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private static final Set<PosixFilePermission> WRITABLE_BY_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Path path;
    private final FileChannel lockFile;

    private RunDirectory(Path path, FileChannel lockFile) {
        this.path = path;
        this.lockFile = lockFile;
    }

    /**
     * Makes the directory if it is absent, closes it to other users, and locks it.
     *
     * @throws SrException with {@link SrError#TRY_AGAIN} if another agent has it
     * @throws IOException also if it is another user's, or others could write there: what lies there may be theirs
     */
    public static RunDirectory open(Path path) throws IOException {
        Files.createDirectories(path.toAbsolutePath().getParent());
        if (!Files.isDirectory(path)) {
            Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        }
        checkOwn(path);
        Files.setPosixFilePermissions(path, OWNER_ONLY);
        Path lock = path.resolve("agent.lock");
        FileChannel channel =
                FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (!lock(channel)) {
            String holder = Files.readString(lock, StandardCharsets.UTF_8).strip();
            channel.close();
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "Another agent (process " + holder + ") serves the run directory " + path)
                    .correction("Stop it first, or give this one another directory with --run-dir.");
        }
        channel.truncate(0);
        // The socket of an agent that was killed: whoever sees the process here must not take it for this agent's.
        Files.deleteIfExists(controlSocket(path));
        channel.write(StandardCharsets.UTF_8.encode(ProcessHandle.current().pid() + "\n"));
        return new RunDirectory(path, channel);
    }

    private static void checkOwn(Path path) throws IOException {
        Object owner = Files.getAttribute(path, "unix:uid");
        Object user = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
        if (!owner.equals(user) || !Collections.disjoint(mode, WRITABLE_BY_OTHERS)) {
            throw new IOException("the run directory " + path + " belongs to user " + owner + " with mode "
                    + PosixFilePermissions.toString(mode) + ", expected user " + user
                    + " and that nobody else may write there, since what lies there is believed");
        }
    }

    /** Returns where the control API of an agent with this run directory listens. */
    public static Path controlSocket(Path runDirectory) {
        return runDirectory.resolve("agent.sock");
    }

    Path controlSocket() {
        return controlSocket(path);
    }

    Path nbdSocket() {
        return path.resolve("nbd.sock");
    }

    /** Where the kernel is served the disks that are block devices. */
    Path deviceSocket() {
        return path.resolve("dev.sock");
    }

    Path redo() {
        return path.resolve("redo");
    }

    /** Where the files are that block devices are made of; absolute, for the kernel tells it so. */
    Path blockFiles() throws IOException {
        return path.toRealPath().resolve("block");
    }

    /** Where SRs are mounted; absolute and without links, for the kernel tells it so. */
    Path mounts() throws IOException {
        return path.toRealPath().resolve("mnt");
    }

    Path frozenGuests() {
        return path.resolve("frozen");
    }

    /** Where the API keeps its tokens, events and audit log, if it is not told another place. */
    Path apiState() {
        return path.resolve("api");
    }

    /** Where it is remembered which numbers jobs have had. */
    Path jobNumbersFile() {
        return path.resolve("job-numbers");
    }

    /** Where it is remembered what is attached, if that need not outlive the boot. */
    StateFiles stateFiles() {
        return new StateFiles(path.resolve("state.json"), path.resolve("mounts.json"), path.resolve("single-host"));
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }
}
