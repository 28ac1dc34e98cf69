package io.catena.agent.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A named value in a netlink message.
 *
 * <p>Source: {@code netlink(7)}, the kernel's {@code include/uapi/linux/netlink.h}. Integers are in the byte order of the
 * machine.
 *
 * <pre>
 * offset size
 *      0    2  length in bytes, with these 4, without the padding
 *      2    2  type; bit 15 says that the value is a list of attributes
 *      4       value, then zeros up to a multiple of 4
 * </pre>
 *
 * @param type without the flags
 * @param value from its position to its limit, which nobody changes, in the byte order of the machine
 */
record NetlinkAttribute(int type, boolean nested, ByteBuffer value) {
    private static final int HEADER_BYTES = 4;
    private static final int NESTED = 1 << 15;
    private static final int TYPE_MASK = (1 << 14) - 1;
    private static final int ALIGNMENT_BYTES = 4;

    static NetlinkAttribute ofInt(int type, int value) {
        return new NetlinkAttribute(type, false, memory(Integer.BYTES).putInt(0, value));
    }

    static NetlinkAttribute ofLong(int type, long value) {
        return new NetlinkAttribute(type, false, memory(Long.BYTES).putLong(0, value));
    }

    /** Returns an attribute of a string and the zero that ends it. */
    static NetlinkAttribute ofString(int type, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        return new NetlinkAttribute(type, false, memory(bytes.length + 1).put(0, bytes));
    }

    static NetlinkAttribute ofList(int type, NetlinkAttribute... list) {
        ByteBuffer value = memory(encodedBytes(List.of(list)));
        encode(List.of(list), value);
        return new NetlinkAttribute(type, true, value.flip());
    }

    private static ByteBuffer memory(int lengthBytes) {
        return ByteBuffer.allocate(lengthBytes).order(ByteOrder.nativeOrder());
    }

    /** How many bytes {@link #encode} puts. */
    static int encodedBytes(List<NetlinkAttribute> attributes) {
        return attributes.stream()
                .mapToInt(attribute -> padded(HEADER_BYTES + attribute.value.remaining()))
                .sum();
    }

    /** Puts attributes one behind another into {@code target}, which holds zeros. */
    static void encode(List<NetlinkAttribute> attributes, ByteBuffer target) {
        for (NetlinkAttribute attribute : attributes) {
            int start = target.position();
            int lengthBytes = HEADER_BYTES + attribute.value.remaining();
            target.putShort((short) lengthBytes);
            target.putShort((short) (attribute.type | (attribute.nested ? NESTED : 0)));
            target.put(attribute.value.duplicate());
            target.position(start + padded(lengthBytes));
        }
    }

    /**
     * Takes all attributes from {@code source}.
     *
     * @throws IOException if a length does not fit
     */
    static List<NetlinkAttribute> decode(ByteBuffer source) throws IOException {
        List<NetlinkAttribute> attributes = new ArrayList<>();
        while (source.remaining() >= HEADER_BYTES) {
            int start = source.position();
            int lengthBytes = Short.toUnsignedInt(source.getShort());
            int type = Short.toUnsignedInt(source.getShort());
            if (lengthBytes < HEADER_BYTES || lengthBytes > source.limit() - start) {
                throw new IOException("netlink attribute " + (type & TYPE_MASK) + " has " + lengthBytes
                        + " bytes, expected 4 to " + (source.limit() - start));
            }
            ByteBuffer value = source.slice(start + HEADER_BYTES, lengthBytes - HEADER_BYTES)
                    .order(source.order());
            attributes.add(new NetlinkAttribute(type & TYPE_MASK, (type & NESTED) != 0, value));
            source.position(Math.min(source.limit(), start + padded(lengthBytes)));
        }
        return attributes;
    }

    /**
     * Returns the value of the first attribute of a type as a number of 2 or 4 bytes.
     *
     * @throws IOException if there is none
     */
    static int number(List<NetlinkAttribute> attributes, int type) throws IOException {
        for (NetlinkAttribute attribute : attributes) {
            if (attribute.type == type) {
                return switch (attribute.value.remaining()) {
                    case Short.BYTES -> Short.toUnsignedInt(attribute.value.getShort(attribute.value.position()));
                    case Integer.BYTES -> attribute.value.getInt(attribute.value.position());
                    default ->
                        throw new IOException("netlink attribute " + type + " has " + attribute.value.remaining()
                                + " bytes, expected 2 or 4");
                };
            }
        }
        throw new IOException("the kernel's answer lacks netlink attribute " + type);
    }

    private static int padded(int lengthBytes) {
        return (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    }
}
