package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/** The functions of the C library that the devices of this package are made with; all fail with the error's number. */
final class Libc {
    /** Stands for the working directory; see {@code openat(2)}. */
    static final int AT_FDCWD = -100;

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NONBLOCK = 0x800;
    static final int O_DIRECT = 0x4000;
    static final int O_CLOEXEC = 0x80000;
    static final int O_PATH = 0x200000;

    /** These two have other numbers on ARM; see {@code asm/fcntl.h}. */
    static final int O_DIRECTORY = Platform.isARM() ? 0x4000 : 0x10000;

    static final int O_NOFOLLOW = Platform.isARM() ? 0x8000 : 0x20000;

    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int ENXIO = 6;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int EEXIST = 17;
    static final int ENODEV = 19;
    static final int ENOTDIR = 20;
    static final int EINVAL = 22;
    static final int ENOTEMPTY = 39;
    static final int ELOOP = 40;
    static final int ENOTCONN = 107;

    static final int AF_UNIX = 1;
    static final int AF_NETLINK = 16;
    static final int SOCK_STREAM = 1;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_RAW = 3;
    static final int SOL_SOCKET = 1;
    static final int SHUT_RD = 0;
    static final int SHUT_RDWR = 2;
    static final int MSG_NOSIGNAL = 0x4000;
    static final int MSG_CMSG_CLOEXEC = 0x40000000;
    static final int F_GETFL = 3;
    static final int F_SETFL = 4;

    private static final Charset PATHS = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    /** Returns a path as the JDK writes it, with the zero at its end. */
    static byte[] path(String path) {
        return (path + '\0').getBytes(PATHS);
    }

    static native int open(String path, int flags) throws LastErrorException;

    static native int openat(int directory, byte[] path, int flags, int mode) throws LastErrorException;

    static native int mkdirat(int directory, byte[] path, int mode) throws LastErrorException;

    static native int renameat(int directory, byte[] path, int toDirectory, byte[] toPath) throws LastErrorException;

    static native int linkat(int directory, byte[] path, int toDirectory, byte[] toPath, int flags)
            throws LastErrorException;

    static native int unlinkat(int directory, byte[] path, int flags) throws LastErrorException;

    /** Returns -1 if it fails, and JNA keeps why: that there is no file of a name is asked too often for an exception. */
    static native int statx(int directory, byte[] path, int flags, int mask, Pointer result);

    static native int geteuid();

    static native int statfs(String path, Pointer result) throws LastErrorException;

    static native int close(int descriptor) throws LastErrorException;

    static native int clock_gettime(int clock, Pointer time) throws LastErrorException;

    static native int fsync(int descriptor) throws LastErrorException;

    static native int connect(int descriptor, Pointer address, int addressBytes) throws LastErrorException;

    static native int poll(Pointer descriptors, long count, int timeoutMillis) throws LastErrorException;

    static native String strerror(int error);

    static native long read(int descriptor, Pointer target, long lengthBytes) throws LastErrorException;

    static native long write(int descriptor, Pointer source, long lengthBytes) throws LastErrorException;

    static native int fcntl(int descriptor, int command, int argument) throws LastErrorException;

    static native int fcntl(int descriptor, int command, Pointer argument) throws LastErrorException;

    static native int socket(int domain, int type, int protocol) throws LastErrorException;

    static native int bind(int socket, Pointer address, int lengthBytes) throws LastErrorException;

    static native int listen(int socket, int backlog) throws LastErrorException;

    static native int accept4(int socket, @Nullable Pointer address, @Nullable Pointer lengthBytes, int flags)
            throws LastErrorException;

    static native int setsockopt(int socket, int level, int name, Pointer value, int lengthBytes)
            throws LastErrorException;

    static native long recvmsg(int socket, Pointer message, int flags) throws LastErrorException;

    static native long send(int socket, Pointer source, long lengthBytes, int flags) throws LastErrorException;

    static native int shutdown(int socket, int how) throws LastErrorException;

    static native int ioctl(int descriptor, long request, Pointer argument) throws LastErrorException;

    static native int ioctl(int descriptor, long request, long argument) throws LastErrorException;

    static native int mount(String source, String target, String type, long flags, String options)
            throws LastErrorException;

    static native int umount2(String target, int flags) throws LastErrorException;

    static native int mknod(String path, int mode, long device) throws LastErrorException;

    static native long syscall(long number, long first, long second, long third) throws LastErrorException;

    static native int madvise(Pointer start, long lengthBytes, int advice) throws LastErrorException;

    static native int waitpid(int process, @Nullable Pointer status, int options) throws LastErrorException;

    /** Returns an error number, as its friends below. */
    static native int posix_spawn(
            Pointer process, String path, Pointer actions, Pointer attributes, Pointer arguments, Pointer environment);

    static native int posix_spawn_file_actions_init(Pointer actions);

    static native int posix_spawn_file_actions_destroy(Pointer actions);

    static native int posix_spawn_file_actions_adddup2(Pointer actions, int from, int to);

    static native int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int from);

    static native int posix_spawnattr_init(Pointer attributes);

    static native int posix_spawnattr_destroy(Pointer attributes);

    static native int posix_spawnattr_setflags(Pointer attributes, short flags);
}
