package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.StringArray;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process that does nothing but keep a file descriptor of the agent open, so that what hangs on it outlives the agent; the
 * next agent takes the descriptor back.
 *
 * <p>It is {@code sleep infinity}, in a session of its own, so that neither ^C at the agent's terminal nor the end of the
 * agent reaches it. It is found again by its environment: no file has to tell which process it is.
 *
 * <p>Source: {@code posix_spawn(3)}, {@code pidfd_open(2)}, {@code pidfd_getfd(2)} (Linux 5.6; needs the right to trace the
 * process).
 */
final class DescriptorKeeper {
    private static final String VARIABLE = "CATENA_KEEPS=";
    private static final int KEPT_DESCRIPTOR = 3;
    private static final String COMMAND = "exec </dev/null >/dev/null 2>&1; sleep infinity &";

    private static final short POSIX_SPAWN_SETSID = 0x80;
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_GETFD = 438;

    /** More than any C library needs for {@code posix_spawn_file_actions_t} and {@code posix_spawnattr_t}. */
    private static final int STRUCTURE_BYTES = 1024;

    private DescriptorKeeper() {}

    /**
     * Starts a process that keeps a descriptor; it is there when this returns.
     *
     * @param name what {@link #find} finds it by
     */
    static void keep(int descriptor, String name) throws IOException {
        int shell = spawn(descriptor, new String[] {VARIABLE + name, "PATH=/usr/bin:/bin"});
        try {
            // The shell ends at once; its child is init's then.
            Libc.waitpid(shell, null, 0);
        } catch (LastErrorException e) {
            throw new IOException("waitpid of the shell that starts a keeper: " + e.getMessage(), e);
        }
        if (find(name).isEmpty()) {
            throw new IOException("\"sleep infinity\", which was to keep a descriptor of " + name + ", did not start");
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

    /** Returns the processes that keep descriptors under a name. */
    static List<Long> find(String name) throws IOException {
        String wanted = VARIABLE + name;
        List<Long> found = new ArrayList<>();
        try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (environment(process).contains(wanted)) {
                    found.add(Long.parseLong(process.getFileName().toString()));
                }
            }
        }
        return found;
    }

    /** Nothing if the process is gone, or not ours to look into. */
    private static List<String> environment(Path process) {
        try {
            byte[] bytes = Files.readAllBytes(process.resolve("environ"));
            return List.of(new String(bytes, StandardCharsets.UTF_8).split("\0", -1));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Returns a duplicate of what is kept under a name; nothing if nobody keeps it. */
    static Optional<Integer> take(String name) throws IOException {
        List<Long> keepers = find(name);
        return keepers.isEmpty() ? Optional.empty() : Optional.of(take(keepers.get(0), name));
    }

    private static int take(long process, String name) throws IOException {
        try {
            int handle = (int) Libc.syscall(PIDFD_OPEN, process, 0, 0);
            try {
                return (int) Libc.syscall(PIDFD_GETFD, handle, KEPT_DESCRIPTOR, 0);
            } finally {
                Libc.close(handle);
            }
        } catch (LastErrorException e) {
            throw new IOException(
                    "the descriptor of " + name + " that process " + process + " keeps cannot be taken back: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Ends the processes that keep descriptors under a name. */
    static void release(String name) throws IOException {
        for (long process : find(name)) {
            ProcessHandle.of(process).ifPresent(ProcessHandle::destroyForcibly);
        }
    }
}
