package io.catena.agent.nbd;

import io.catena.agent.nbd.wire.Command;
import io.catena.agent.nbd.wire.NbdErrno;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.agent.nbd.wire.NbdProtocolException;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * One request of a client.
 *
 * <pre>
 * offset size
 *      0    4  magic 0x25609513
 *      4    2  flags
 *      6    2  command
 *      8    8  cookie, returned in the reply
 *     16    8  offset in bytes, unsigned
 *     24    4  length in bytes, unsigned; a write's payload follows
 * </pre>
 *
 * @param offset in bytes; negative stands for 2^63 and more
 * @param lengthBytes from 0 to 2^32 - 1
 */
public record Request(int flags, Command command, long cookie, long offset, long lengthBytes) {
    /**
     * Takes a request from {@code source}, which has at least {@link NbdProtocol#REQUEST_BYTES} left.
     *
     * @throws NbdProtocolException if these bytes do not start a request; where the next one starts is then unknown
     */
    static Request decode(ByteBuffer source) throws NbdProtocolException {
        int magic = source.getInt();
        if (magic != NbdProtocol.REQUEST_MAGIC) {
            throw new NbdProtocolException(String.format(
                    Locale.ROOT, "request starts with 0x%08x, expected 0x%08x", magic, NbdProtocol.REQUEST_MAGIC));
        }
        int flags = Short.toUnsignedInt(source.getShort());
        Command command = Command.of(Short.toUnsignedInt(source.getShort()));
        long cookie = source.getLong();
        long offset = source.getLong();
        long lengthBytes = Integer.toUnsignedLong(source.getInt());
        return new Request(flags, command, cookie, offset, lengthBytes);
    }

    /**
     * Checks everything that can be checked before the device is asked.
     *
     * @return OK, or why this request is refused on a disk of {@code sizeBytes}
     */
    NbdErrno validate(long sizeBytes, Agreement agreed) {
        if ((flags & ~(NbdProtocol.CMD_FLAG_FUA | ownFlags(agreed))) != 0) {
            return NbdErrno.EINVAL;
        }
        if (command.changesDisk() && agreed.export().readOnly()) {
            return NbdErrno.EPERM;
        }
        boolean outside = offset < 0 || offset > sizeBytes - lengthBytes;
        return switch (command) {
            case READ -> valid(!outside && lengthBytes <= NbdProtocol.MAXIMUM_PAYLOAD_BYTES);
            case WRITE -> lengthBytes > NbdProtocol.MAXIMUM_PAYLOAD_BYTES ? NbdErrno.EINVAL : fitting(outside);
            case WRITE_ZEROES -> fitting(outside);
            case TRIM, CACHE -> valid(!outside);
            case BLOCK_STATUS -> valid(!outside && lengthBytes > 0 && agreed.blockStatus());
            case FLUSH -> valid(offset == 0 && lengthBytes == 0);
            case DISCONNECT -> NbdErrno.OK;
            case UNKNOWN -> NbdErrno.EINVAL;
        };
    }

    private static NbdErrno valid(boolean valid) {
        return valid ? NbdErrno.OK : NbdErrno.EINVAL;
    }

    private static NbdErrno fitting(boolean outside) {
        return outside ? NbdErrno.ENOSPC : NbdErrno.OK;
    }

    /** Returns the flags that this command knows, besides FUA. */
    private int ownFlags(Agreement agreed) {
        return switch (command) {
            case READ -> agreed.structuredReplies() ? NbdProtocol.CMD_FLAG_DF : 0;
            case WRITE_ZEROES -> NbdProtocol.CMD_FLAG_NO_HOLE | NbdProtocol.CMD_FLAG_FAST_ZERO;
            case BLOCK_STATUS -> NbdProtocol.CMD_FLAG_REQ_ONE;
            case WRITE, DISCONNECT, FLUSH, TRIM, CACHE, UNKNOWN -> 0;
        };
    }

    /** How many bytes follow on the wire. */
    long payloadBytes() {
        return command == Command.WRITE ? lengthBytes : 0;
    }

    /** The length as an int; only for a request that was found valid. */
    int validLengthBytes() {
        return Math.toIntExact(lengthBytes);
    }

    boolean forcesUnitAccess() {
        return (flags & NbdProtocol.CMD_FLAG_FUA) != 0;
    }

    /** Whether zeros may give their space back. */
    boolean mayDeallocate() {
        return (flags & NbdProtocol.CMD_FLAG_NO_HOLE) == 0;
    }

    boolean mustBeFast() {
        return (flags & NbdProtocol.CMD_FLAG_FAST_ZERO) != 0;
    }

    boolean wantsOneChunk() {
        return (flags & NbdProtocol.CMD_FLAG_DF) != 0;
    }

    boolean wantsOneExtent() {
        return (flags & NbdProtocol.CMD_FLAG_REQ_ONE) != 0;
    }
}
