package io.catena.agent.nbd.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The data of the options LIST_META_CONTEXT and SET_META_CONTEXT: length of the export's name (32 bits), the name, number
 * of queries (32 bits), and for each its length (32 bits) and text.
 */
public record MetaContextQuery(String exportName, List<String> queries) {
    /** Returns null if the lengths do not fit together. */
    public static @Nullable MetaContextQuery decode(ByteBuffer data) {
        String exportName = text(data);
        if (exportName == null || data.remaining() < Integer.BYTES) {
            return null;
        }
        long count = Integer.toUnsignedLong(data.getInt());
        List<String> queries = new ArrayList<>();
        while (queries.size() < count) {
            String query = text(data);
            if (query == null) {
                return null;
            }
            queries.add(query);
        }
        return data.hasRemaining() ? null : new MetaContextQuery(exportName, List.copyOf(queries));
    }

    private static @Nullable String text(ByteBuffer data) {
        if (data.remaining() < Integer.BYTES) {
            return null;
        }
        long lengthBytes = Integer.toUnsignedLong(data.getInt());
        if (lengthBytes > Math.min(data.remaining(), NbdProtocol.MAXIMUM_NAME_BYTES)) {
            return null;
        }
        byte[] text = new byte[(int) lengthBytes];
        data.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
