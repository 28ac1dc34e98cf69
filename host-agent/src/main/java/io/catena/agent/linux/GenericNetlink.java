package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;

/**
 * A socket over which parts of the kernel, called families, are asked to do things. For one thread.
 *
 * <p>Source: {@code netlink(7)}, the kernel's {@code include/uapi/linux/genetlink.h}.
 */
final class GenericNetlink implements Closeable {
    private static final int CONTROLLER = 16;
    private static final int GET_FAMILY = 3;
    private static final int FAMILY_ID = 1;
    private static final int FAMILY_NAME = 2;
    private static final int FAMILY_MAX_ATTRIBUTE = 5;

    /** More than any answer that is asked for here. */
    private static final int ANSWER_BYTES = 64 << 10;

    /** The kernel has done all of a request, and answered, when it has been sent. */
    private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(10);

    private final NetlinkSocket socket;
    private int sequence;

    /**
     * A part of the kernel.
     *
     * @param maxAttribute the highest type of attribute that it knows
     */
    record Family(int id, int maxAttribute) {}

    /**
     * @param socket belongs to this
     */
    GenericNetlink(NetlinkSocket socket) {
        this.socket = socket;
    }

    static GenericNetlink open() throws IOException {
        return new GenericNetlink(NetlinkSocket.open());
    }

    /** Returns the family of a name; nothing if the kernel, as it is now, does not have it. */
    Optional<Family> family(String name) throws IOException {
        try {
            List<NetlinkAttribute> answer =
                    request(CONTROLLER, GET_FAMILY, List.of(NetlinkAttribute.ofString(FAMILY_NAME, name)));
            return Optional.of(new Family(
                    NetlinkAttribute.number(answer, FAMILY_ID), NetlinkAttribute.number(answer, FAMILY_MAX_ATTRIBUTE)));
        } catch (RefusedException e) {
            if (e.error == Libc.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Has the kernel do something.
     *
     * @return the attributes of its answer
     * @throws RefusedException if it does not do it
     */
    List<NetlinkAttribute> request(int family, int command, List<NetlinkAttribute> attributes) throws IOException {
        sequence++;
        send(NetlinkMessage.request(family, sequence, command, attributes));
        List<NetlinkAttribute> answer = new ArrayList<>();
        while (true) {
            for (NetlinkMessage message : NetlinkMessage.decode(receive())) {
                if (message.sequence() != sequence) {
                    continue; // a multicast, or the rest of an answer that was given up
                }
                answer.addAll(message.attributes());
                if (message.isLast()) {
                    if (message.error() != 0) {
                        throw new RefusedException(message.error());
                    }
                    return answer;
                }
            }
        }
    }

    private void send(ByteBuffer message) throws IOException {
        int lengthBytes = message.remaining();
        try (Memory memory = new Memory(lengthBytes)) {
            memory.getByteBuffer(0, lengthBytes).put(message);
            uninterrupted(() -> {
                socket.write(memory, lengthBytes);
                return lengthBytes;
            });
        } catch (LastErrorException e) {
            throw new IOException("no request to the kernel over netlink: " + e.getMessage(), e);
        }
    }

    private ByteBuffer receive() throws IOException {
        try (Memory memory = new Memory(ANSWER_BYTES)) {
            if (!socket.isReadable(ANSWER_DEADLINE)) {
                throw new IOException(
                        "the kernel did not answer over netlink within " + ANSWER_DEADLINE.toSeconds() + " s");
            }
            int count = uninterrupted(() -> socket.read(memory, ANSWER_BYTES));
            return ByteBuffer.wrap(memory.getByteArray(0, count)).order(ByteOrder.nativeOrder());
        } catch (LastErrorException e) {
            throw new IOException("no answer from the kernel over netlink: " + e.getMessage(), e);
        }
    }

    /** A call that a signal interrupted has done nothing. */
    private static int uninterrupted(IntSupplier call) {
        while (true) {
            try {
                return call.getAsInt();
            } catch (LastErrorException e) {
                if (e.getErrorCode() != Libc.EINTR) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** Says why the kernel refused. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;

        private final int error;

        RefusedException(int error) {
            super("the kernel refuses: error " + error + " (" + Libc.strerror(error) + ")");
            this.error = error;
        }

        int error() {
            return error;
        }
    }
}
