package io.catena.format;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.Optional;

/**
 * The parent's name in the dynamic header: UTF-16, padded with zeros. The specification says big-endian; there are writers
 * that put it little-endian, and their bytes taken the other way are a name too, of rare Chinese characters.
 *
 * <p>So a name is taken for little-endian if that way more of its characters are ASCII: an extension alone has four.
 */
public final class ParentName {
    private ParentName() {}

    /** Returns the name that bytes are; empty if they are no text. */
    public static Optional<String> decode(ByteBuffer field) {
        Charset charset = isLittleEndian(field) ? UTF_16LE : UTF_16BE;
        try {
            String name = charset.newDecoder().decode(field.duplicate()).toString();
            int end = name.indexOf('\0');
            return Optional.of(end < 0 ? name : name.substring(0, end));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /** Whether the bytes are a little-endian name. */
    public static boolean isLittleEndian(ByteBuffer field) {
        int big = 0;
        int little = 0;
        for (int at = field.position(); at + 1 < field.limit(); at += Character.BYTES) {
            byte first = field.get(at);
            byte second = field.get(at + 1);
            if (first == 0 && second == 0) {
                break;
            }
            big += first == 0 && isPrintable(second) ? 1 : 0;
            little += second == 0 && isPrintable(first) ? 1 : 0;
        }
        return little > big;
    }

    private static boolean isPrintable(byte ascii) {
        return ascii >= ' ' && ascii <= '~';
    }
}
