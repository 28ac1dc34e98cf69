package io.catena.agent.fuse;

/**
 * The numbers of FUSE's protocol that are used here. Source: the kernel's {@code include/uapi/linux/fuse.h}, version 7.38.
 * Integers are in the machine's byte order.
 *
 * <pre>
 * request header, 40 bytes          reply header, 16 bytes
 *  0  4  length                      0  4  length
 *  4  4  opcode                      4  4  0, or a negative error number
 *  8  8  unique                      8  8  unique, as in the request
 * 16  8  node id
 * 24  4  user, 28 group, 32 process
 * </pre>
 */
final class FuseProtocol {
    static final int REQUEST_HEADER_BYTES = 40;
    static final int REPLY_HEADER_BYTES = 16;

    /** Bytes of a write's own header, after which its data follows. */
    static final int WRITE_BYTES = 40;

    static final int MAJOR = 7;

    /** The version spoken here; the kernel speaks older ones if asked. */
    static final int MINOR = 38;

    /** The first version in which all requests have the form read here. */
    static final int OLDEST_MINOR = 23;

    static final int INIT_ASYNC_READ = 1;
    static final int INIT_BIG_WRITES = 1 << 5;
    static final int INIT_ASYNC_DIRECT_IO = 1 << 15;
    static final int INIT_MAX_PAGES = 1 << 22;

    static final int OPEN_DIRECT_IO = 1;
    static final int OPEN_PARALLEL_DIRECT_WRITES = 1 << 6;

    static final int FALLOCATE_KEEP_SIZE = 1;
    static final int FALLOCATE_PUNCH_HOLE = 2;
    static final int FALLOCATE_ZERO_RANGE = 0x10;

    static final long ROOT = 1;

    /** The type of a regular file, and the right of its owner to read and write it. */
    static final int FILE_MODE = 0100600;

    static final int EIO = 5;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;
    static final int EROFS = 30;
    static final int ENOSYS = 38;
    static final int EOPNOTSUPP = 95;
    static final int EPROTO = 71;

    private FuseProtocol() {}
}
