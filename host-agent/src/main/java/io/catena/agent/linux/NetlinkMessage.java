package io.catena.agent.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A message of generic netlink, as the kernel answers it.
 *
 * <p>Source: {@code netlink(7)}, the kernel's {@code include/uapi/linux/netlink.h} and {@code genetlink.h}. Integers are in the
 * byte order of the machine.
 *
 * <pre>
 * offset size
 *      0    4  length in bytes, with the header
 *      4    2  type: the number of a family, or 2 for an error, or for success, which is error 0
 *      6    2  flags: 1 request, 4 answer also if there is no more to say than success
 *      8    4  sequence number, the same in the answer
 *     12    4  port; 0 is the kernel
 *     16    1  command                     (of an error: the error, negative, 4 bytes)
 *     17    1  version of the family
 *     18    2  reserved
 *     20       attributes
 * </pre>
 *
 * @param error 0, or what went wrong; of the last answer only
 * @param isLast whether there is no more of this answer
 */
record NetlinkMessage(int sequence, boolean isLast, int error, List<NetlinkAttribute> attributes) {
    private static final int HEADER_BYTES = 16;
    private static final int COMMAND_BYTES = 4;
    private static final int ALIGNMENT_BYTES = 4;
    private static final int TYPE_ERROR = 2;
    private static final int REQUEST = 1;
    private static final int ACKNOWLEDGE = 4;
    private static final byte VERSION = 1;

    NetlinkMessage {
        attributes = List.copyOf(attributes);
    }

    /** Returns a request, ready to be sent, whose last answer says whether it succeeded. */
    static ByteBuffer request(int family, int sequence, int command, List<NetlinkAttribute> attributes) {
        int lengthBytes = HEADER_BYTES + COMMAND_BYTES + NetlinkAttribute.encodedBytes(attributes);
        ByteBuffer message = ByteBuffer.allocate(lengthBytes).order(ByteOrder.nativeOrder());
        message.putInt(lengthBytes);
        message.putShort((short) family);
        message.putShort((short) (REQUEST | ACKNOWLEDGE));
        message.putInt(sequence);
        message.putInt(0); // port
        message.put((byte) command);
        message.put(VERSION);
        message.putShort((short) 0);
        NetlinkAttribute.encode(attributes, message);
        return message.flip();
    }

    /**
     * Takes the messages that were received together from {@code source}.
     *
     * @throws IOException if a length does not fit
     */
    static List<NetlinkMessage> decode(ByteBuffer source) throws IOException {
        List<NetlinkMessage> messages = new ArrayList<>();
        while (source.remaining() >= HEADER_BYTES) {
            int start = source.position();
            int lengthBytes = source.getInt(start);
            if (lengthBytes < HEADER_BYTES + COMMAND_BYTES || lengthBytes > source.remaining()) {
                throw new IOException("netlink message has " + Integer.toUnsignedLong(lengthBytes) + " bytes, expected "
                        + (HEADER_BYTES + COMMAND_BYTES) + " to " + source.remaining());
            }
            messages.add(decodeOne(source.slice(start, lengthBytes).order(source.order())));
            source.position(Math.min(source.limit(), start + padded(lengthBytes)));
        }
        return messages;
    }

    private static NetlinkMessage decodeOne(ByteBuffer message) throws IOException {
        int type = Short.toUnsignedInt(message.getShort(4));
        int sequence = message.getInt(8);
        if (type == TYPE_ERROR) {
            return new NetlinkMessage(sequence, true, -message.getInt(HEADER_BYTES), List.of());
        }
        List<NetlinkAttribute> attributes = NetlinkAttribute.decode(message.position(HEADER_BYTES + COMMAND_BYTES));
        return new NetlinkMessage(sequence, false, 0, attributes);
    }

    private static int padded(int lengthBytes) {
        return (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    }
}
