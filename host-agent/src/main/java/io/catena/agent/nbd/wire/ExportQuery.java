package io.catena.agent.nbd.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The data of the options INFO and GO.
 *
 * <pre>
 * size
 *    4  length of the name
 *    n  name of the export, UTF-8
 *    2  number of informations that the client wants
 *   2k  the informations
 * </pre>
 */
public record ExportQuery(String exportName, Set<Integer> informations) {
    public ExportQuery {
        informations = Set.copyOf(informations);
    }

    /** Returns null if {@code data} has not exactly this form. */
    public static @Nullable ExportQuery decode(ByteBuffer data) {
        if (data.remaining() < 6) {
            return null;
        }
        int nameBytes = data.getInt();
        if (nameBytes < 0 || nameBytes > NbdProtocol.MAXIMUM_NAME_BYTES || nameBytes > data.remaining() - 2) {
            return null;
        }
        byte[] name = new byte[nameBytes];
        data.get(name);
        int count = Short.toUnsignedInt(data.getShort());
        if (data.remaining() != 2 * count) {
            return null;
        }
        Set<Integer> informations = new HashSet<>();
        while (data.hasRemaining()) {
            informations.add(Short.toUnsignedInt(data.getShort()));
        }
        return new ExportQuery(new String(name, StandardCharsets.UTF_8), informations);
    }

    public boolean wants(int information) {
        return informations.contains(information);
    }
}
