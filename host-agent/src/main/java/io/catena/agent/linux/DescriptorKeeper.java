package io.catena.agent.linux;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.StringArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process that does nothing but keep a file descriptor of the agent open, so that what hangs on it outlives the agent; the
 * next agent takes the descriptor back.
 *
 * <p>It is {@code sleep infinity}, in a session of its own, so that neither ^C at the agent's terminal nor the end of the
 * agent reaches it. A file beside what is kept names it, by its number and the time at which it started; that file lies in a
 * directory that only the agent's user can change. A process that is another user's, or started at another time, is not
 * believed: anybody can start a process, and numbers are used again.
 *
 * <p>Source: {@code posix_spawn(3)}, {@code pidfd_open(2)}, {@code pidfd_getfd(2)} (Linux 5.6; needs the right to trace the
 * process), {@code proc_pid_stat(5)}.
 */
final class DescriptorKeeper {
    private static final String NAME = ".keeper";
    private static final String VARIABLE = "CATENA_KEEPER=";
    private static final int KEPT_DESCRIPTOR = 3;

    /** The shell names its child, so that no death of the agent can leave a keeper that nobody knows. */
    private static final String COMMAND = "exec </dev/null >/dev/null 2>&1; umask 077; sleep infinity &"
            + " read -r stat </proc/$!/stat; set -- $stat;"
            + " echo \"$1 ${22}\" >\"$CATENA_KEEPER.new\" && mv \"$CATENA_KEEPER.new\" \"$CATENA_KEEPER\"";

    /** The 22nd field; the second is the command's name, which this program's has no blanks in. */
    private static final int START_TIME = 21;

    private static final short POSIX_SPAWN_SETSID = 0x80;
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_GETFD = 438;

    /** More than any C library needs for {@code posix_spawn_file_actions_t} and {@code posix_spawnattr_t}. */
    private static final int STRUCTURE_BYTES = 1024;

    private DescriptorKeeper() {}

    /** A process, by what no other process has. */
    private record Keeper(long process, String startTime) {
        /** Whether the process is there, and ours. */
        boolean isThere() throws IOException {
            Path directory = Path.of("/proc/" + process);
            try {
                // The name of a process that is not ours may have any bytes.
                String[] stat =
                        Files.readString(directory.resolve("stat"), ISO_8859_1).split(" ", -1);
                return Files.getAttribute(directory, "unix:uid").equals(Libc.geteuid())
                        && stat.length > START_TIME
                        && stat[START_TIME].equals(startTime);
            } catch (NoSuchFileException e) {
                return false;
            }
        }
    }

    /**
     * Starts a process that keeps a descriptor; it is there when this returns. One that kept something for the same file
     * before is ended.
     *
     * @param file whose descriptor it is, beside which the keeper is noted
     */
    static void keep(int descriptor, Path file) throws IOException {
        release(file);
        int shell = spawn(descriptor, new String[] {VARIABLE + noteOf(file), "PATH=/usr/bin:/bin"});
        try {
            // The shell ends at once; its child is init's then.
            Libc.waitpid(shell, null, 0);
        } catch (LastErrorException e) {
            throw new IOException("waitpid of the shell that starts a keeper: " + e.getMessage(), e);
        }
        if (find(file).isEmpty()) {
            throw new IOException("\"sleep infinity\", which was to keep a descriptor of " + file + ", did not start");
        }
    }

    private static int spawn(int descriptor, String[] environment) throws IOException {
        try (Memory process = new Memory(Integer.BYTES);
                Memory actions = new Memory(STRUCTURE_BYTES);
                Memory attributes = new Memory(STRUCTURE_BYTES);
                StringArray arguments = new StringArray(new String[] {"sh", "-c", COMMAND});
                StringArray variables = new StringArray(environment)) {
            check(Libc.posix_spawn_file_actions_init(actions));
            check(Libc.posix_spawnattr_init(attributes));
            try {
                check(Libc.posix_spawn_file_actions_adddup2(actions, descriptor, KEPT_DESCRIPTOR));
                check(Libc.posix_spawn_file_actions_addclosefrom_np(actions, KEPT_DESCRIPTOR + 1));
                check(Libc.posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID));
                check(Libc.posix_spawn(process, "/bin/sh", actions, attributes, arguments, variables));
                return process.getInt(0);
            } finally {
                Libc.posix_spawnattr_destroy(attributes);
                Libc.posix_spawn_file_actions_destroy(actions);
            }
        }
    }

    private static void check(int error) throws IOException {
        if (error != 0) {
            throw new IOException("no process to keep a descriptor: error " + error + " of posix_spawn");
        }
    }

    private static Path noteOf(Path file) {
        return Path.of(file + NAME);
    }

    /** Returns the process that keeps the descriptor of a file; nothing if there is none that is believed. */
    private static Optional<Keeper> find(Path file) throws IOException {
        try {
            if (!Files.getAttribute(noteOf(file), "unix:uid", LinkOption.NOFOLLOW_LINKS)
                    .equals(Libc.geteuid())) {
                return Optional.empty();
            }
            String[] words = Files.readString(noteOf(file)).strip().split(" ", -1);
            if (words.length != 2 || !words[0].matches("[0-9]{1,9}")) {
                return Optional.empty();
            }
            Keeper keeper = new Keeper(Long.parseLong(words[0]), words[1]);
            return keeper.isThere() ? Optional.of(keeper) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Returns a duplicate of what is kept for a file; nothing if nobody keeps it. */
    static Optional<Integer> take(Path file) throws IOException {
        Optional<Keeper> keeper = find(file);
        return keeper.isEmpty() ? Optional.empty() : take(keeper.get(), file);
    }

    /** Once a process has a descriptor its number cannot be another's, so it is looked at again then. */
    private static Optional<Integer> take(Keeper keeper, Path file) throws IOException {
        try (Descriptor process = new Descriptor((int) Libc.syscall(PIDFD_OPEN, keeper.process(), 0, 0))) {
            return keeper.isThere()
                    ? Optional.of((int) Libc.syscall(PIDFD_GETFD, process.number(), KEPT_DESCRIPTOR, 0))
                    : Optional.empty();
        } catch (LastErrorException e) {
            throw new IOException(
                    "the descriptor of " + file + " that process " + keeper.process() + " keeps cannot be taken back: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Ends the process that keeps the descriptor of a file. */
    static void release(Path file) throws IOException {
        find(file).flatMap(keeper -> ProcessHandle.of(keeper.process())).ifPresent(ProcessHandle::destroyForcibly);
        Files.deleteIfExists(noteOf(file));
    }
}
