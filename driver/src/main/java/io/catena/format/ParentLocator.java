package io.catena.format;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of the eight slots of the dynamic header that say where the parent is; the path itself stands elsewhere in the
 * file.
 *
 * <p>Source: Microsoft, <i>Virtual Hard Disk Image Format Specification</i> 1.0, "Parent Locator Entries". The
 * specification counts the space in sectors, all writers known count it in bytes.
 *
 * <pre>
 * offset  size  field
 *      0     4  platform code
 *      4     4  data space    room for the path: bytes, or sectors if less than 512
 *      8     4  data length   bytes of the path
 *     12     4  reserved      zero
 *     16     8  data offset   where the path stands, in bytes
 * </pre>
 *
 * @param platform the platform code; {@link #NONE} in an empty slot
 */
public record ParentLocator(int platform, int dataSpace, int dataLength, long dataOffset) {
    /** Size of an encoded slot, in bytes. */
    static final int SIZE = 24;

    /** The longest path that is read, in bytes. */
    public static final int MAX_PATH_BYTES = 8192;

    public static final int NONE = 0;
    /** A file URL in UTF-8. */
    public static final int MACX = 0x4D616358;
    /** A path relative to the child, in UTF-16LE with backslashes. */
    public static final int W2RU = 0x57327275;
    /** An absolute path in UTF-16LE with backslashes; blktap writes a relative one. */
    public static final int W2KU = 0x57326B75;

    public static final ParentLocator EMPTY = new ParentLocator(NONE, 0, 0, 0);

    private static final String FILE_URL = "file://";
    private static final Pattern ESCAPE = Pattern.compile("%[0-9A-Fa-f]{2}");

    /** Returns the room for the path, in bytes, or 0 if the slot holds none that makes sense. */
    public long spaceBytes() {
        long space = Integer.toUnsignedLong(dataSpace);
        if (space < 512) {
            return space * 512;
        }
        return space % 512 == 0 ? space : 0;
    }

    /** Whether the slot names a path that {@link #decodePath} understands. */
    public boolean readable() {
        return (platform == MACX || platform == W2RU || platform == W2KU)
                && dataLength > 0
                && dataLength <= MAX_PATH_BYTES
                && dataOffset > 0;
    }

    /**
     * Returns the path that {@code payload} holds, with "/" between its parts, relative to the child's directory or
     * absolute; empty if the bytes are no path. Percent signs are left alone, as blktap does.
     */
    public Optional<String> decodePath(ByteBuffer payload) {
        try {
            String text = charset().newDecoder().decode(payload.duplicate()).toString();
            int end = text.indexOf('\0');
            return pathOf(end < 0 ? text : text.substring(0, end));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private Optional<String> pathOf(String text) {
        if (platform != MACX) {
            return nonEmpty(withoutDrive(text.replace('\\', '/')));
        }
        return text.startsWith(FILE_URL) ? nonEmpty(text.substring(FILE_URL.length())) : Optional.empty();
    }

    private static String withoutDrive(String path) {
        boolean hasDrive = path.length() > 1 && path.charAt(1) == ':' && isLetter(path.charAt(0));
        return hasDrive ? path.substring(2) : path;
    }

    private static boolean isLetter(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }

    /**
     * Returns what a path means if it is taken for a URL, with "%20" for a blank. blktap writes percent signs that are part
     * of names, others escape; so this is tried after the path as it stands. Empty if it means nothing else then.
     *
     * @param path as {@link #decodePath} returns it
     */
    public Optional<String> unescaped(String path) {
        if (platform != MACX || path.indexOf('%') < 0 || !ESCAPE.matcher(path).find()) {
            return Optional.empty();
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher escape = ESCAPE.matcher(path);
        int end = 0;
        while (escape.find()) {
            bytes.writeBytes(path.substring(end, escape.start()).getBytes(UTF_8));
            bytes.write(Integer.parseInt(escape.group().substring(1), 16));
            end = escape.end();
        }
        bytes.writeBytes(path.substring(end).getBytes(UTF_8));
        return text(bytes.toByteArray()).filter(name -> name.indexOf('\0') < 0);
    }

    private static Optional<String> text(byte[] utf8) {
        try {
            return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> nonEmpty(String path) {
        return path.isEmpty() ? Optional.empty() : Optional.of(path);
    }

    /**
     * Returns the bytes that stand for a path, as blktap writes them.
     *
     * @param path relative to the child's directory, with "/" between its parts
     */
    public static byte[] encodePath(int platform, String path) {
        String relative = path.startsWith("/") ? path : "./" + path;
        return platform == MACX
                ? (FILE_URL + relative).getBytes(UTF_8)
                : relative.replace('/', '\\').getBytes(UTF_16LE);
    }

    private Charset charset() {
        return platform == MACX ? UTF_8 : UTF_16LE;
    }

    static ParentLocator decode(ByteBuffer in) {
        int platform = in.getInt();
        int dataSpace = in.getInt();
        int dataLength = in.getInt();
        in.getInt(); // reserved
        return new ParentLocator(platform, dataSpace, dataLength, in.getLong());
    }

    void encode(ByteBuffer out) {
        out.putInt(platform).putInt(dataSpace).putInt(dataLength).putInt(0).putLong(dataOffset);
    }
}
