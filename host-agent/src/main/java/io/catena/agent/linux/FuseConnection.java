package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The kernel's side of a file that this process serves: a FUSE file system whose root is that one file, mounted over another.
 * It outlives the process ({@link DescriptorKeeper}): requests wait until the next agent takes the connection over.
 *
 * <p>Source: {@code fuse(4)}, {@code mount(8)} of FUSE, the kernel's {@code include/uapi/linux/fuse.h}.
 *
 * <p><b>Threads.</b> Many may receive and send; {@link #close} is for after them.
 */
public final class FuseConnection implements Closeable {
    /** The type of such mounts in the table of mounts. */
    public static final String TYPE = "fuse.catena";

    private static final int MS_RDONLY = 1;
    private static final int MS_NOSUID = 2;
    private static final int MS_NODEV = 4;
    private static final int MS_NOEXEC = 8;
    private static final int MNT_DETACH = 2;
    private static final int NOTIFY_RESEND = 7;
    private static final int HEADER_BYTES = 16;

    private static final Path DEVICE = Path.of("/dev/fuse");

    private final Path file;
    private final int descriptor;

    private FuseConnection(Path file, int descriptor) {
        this.file = file;
        this.descriptor = descriptor;
    }

    /**
     * Mounts a file. Its first request is there to be received then; whoever opens it waits for the answer.
     *
     * <ol>
     *   <li>Connect.
     *   <li>Have the connection kept: were it mounted first, a crash would leave a file that nobody can serve any more.
     *   <li>Mount.
     * </ol>
     *
     * @param file absolute; made if it is absent
     */
    public static FuseConnection mount(Path file, boolean readOnly) throws IOException {
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
        int descriptor = openDevice();
        try {
            DescriptorKeeper.keep(descriptor, file);
            mount(file, descriptor, readOnly);
            return new FuseConnection(file, descriptor);
        } catch (IOException | LastErrorException e) {
            DescriptorKeeper.release(file);
            Libc.close(descriptor);
            throw new IOException(file + " cannot be mounted with FUSE: " + e.getMessage(), e);
        }
    }

    private static int openDevice() throws IOException {
        try {
            return Libc.open(DEVICE.toString(), Libc.O_RDWR | Libc.O_CLOEXEC);
        } catch (LastErrorException e) {
            throw new IOException(
                    "/dev/fuse cannot be opened (" + e.getMessage() + "); is the kernel's module fuse loaded?", e);
        }
    }

    private static void mount(Path file, int descriptor, boolean readOnly) {
        String options = "fd=" + descriptor + ",rootmode=100000,user_id=0,group_id=0,default_permissions";
        int flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (readOnly ? MS_RDONLY : 0);
        Libc.mount("catena", file.toString(), TYPE, flags, options);
    }

    /** Returns the connection of a file that an agent before this one mounted; nothing if nobody kept it. */
    public static Optional<FuseConnection> takeOver(Path file) throws IOException {
        Optional<Integer> kept = DescriptorKeeper.take(file);
        if (kept.isPresent() && !isDevice(kept.get())) {
            Libc.close(kept.get());
            return Optional.empty();
        }
        return kept.map(descriptor -> new FuseConnection(file, descriptor));
    }

    private static boolean isDevice(int descriptor) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).equals(DEVICE);
    }

    /**
     * Has the requests sent again that the agent before this one received and did not answer.
     *
     * @return whether the kernel can do that, which Linux can since 6.9
     */
    public boolean resend() throws IOException {
        try (Memory header = new Memory(HEADER_BYTES)) {
            header.clear();
            header.setInt(0, HEADER_BYTES);
            header.setInt(4, NOTIFY_RESEND);
            Libc.write(descriptor, header, HEADER_BYTES);
            return true;
        } catch (LastErrorException e) {
            if (e.getErrorCode() == Libc.EINVAL) {
                return false;
            }
            throw new IOException("requests to " + file + " cannot be sent again: " + e.getMessage(), e);
        }
    }

    /**
     * Waits for a request.
     *
     * @return its length in bytes; 0 if there will be none any more
     */
    public int receive(NativeBuffer target, int offset, int maxBytes) throws IOException {
        while (true) {
            try {
                return (int) Libc.read(descriptor, target.at(offset), maxBytes);
            } catch (LastErrorException e) {
                switch (e.getErrorCode()) {
                    case Libc.ENODEV, Libc.ENOTCONN -> {
                        return 0;
                    }
                    // Whoever made the request does not wait for it any more.
                    case Libc.EINTR, Libc.ENOENT -> {}
                    default -> throw new IOException("no request of " + file + ": " + e.getMessage(), e);
                }
            }
        }
    }

    /** Answers a request; that nobody waits for the answer any more is no error. */
    public void send(NativeBuffer source, int offset, int lengthBytes) throws IOException {
        try {
            Libc.write(descriptor, source.at(offset), lengthBytes);
        } catch (LastErrorException e) {
            if (e.getErrorCode() != Libc.ENOENT && e.getErrorCode() != Libc.ENODEV) {
                throw new IOException("no answer to a request of " + file + ": " + e.getMessage(), e);
            }
        }
    }

    /**
     * Removes a file that was mounted, by whichever agent, with all that keeps it. Does nothing if it is gone.
     *
     * @param lazily also while somebody has it open, for whom it then fails
     * @throws IOException if somebody has it open
     */
    public static void unmount(Path file, boolean lazily) throws IOException {
        if (lazily) {
            // Ends the connection: nothing waits any more for answers that nobody will give.
            DescriptorKeeper.release(file);
        }
        if (MountTable.read().isMounted(file, TYPE)) {
            try {
                Libc.umount2(file.toString(), lazily ? MNT_DETACH : 0);
            } catch (LastErrorException e) {
                throw new IOException(file + " cannot be unmounted: " + e.getMessage(), e);
            }
        }
        DescriptorKeeper.release(file);
        Files.deleteIfExists(file);
    }

    /** Lets go of the connection; the file stays mounted, and its requests wait. */
    @Override
    public void close() throws IOException {
        try {
            Libc.close(descriptor);
        } catch (LastErrorException e) {
            throw new IOException("close of the connection of " + file + ": " + e.getMessage(), e);
        }
    }
}
