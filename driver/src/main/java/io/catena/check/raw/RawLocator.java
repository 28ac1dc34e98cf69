package io.catena.check.raw;

import io.catena.check.finding.Findings;
import io.catena.format.ParentLocator;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;

/**
 * One of the header's eight parent locators, whatever its bytes are; {@link ParentLocator} has the table of fields.
 *
 * @param slot from 0
 * @param offset where in the file it stands
 */
public record RawLocator(int slot, long offset, ByteBuffer bytes) {
    public static final int SIZE = 24;

    private static final int PLACE = 16;

    private static final int WI2R = 0x57693272;
    private static final int WI2K = 0x5769326B;
    private static final int MAC = 0x4D616320;
    private static final Set<Integer> PATHS = Set.of(ParentLocator.MACX, ParentLocator.W2RU, ParentLocator.W2KU);
    private static final Set<Integer> OTHERS = Set.of(WI2R, WI2K, MAC);

    public int platform() {
        return bytes.getInt(0);
    }

    public int length() {
        return bytes.getInt(8);
    }

    public int reserved() {
        return bytes.getInt(12);
    }

    public long payloadOffset() {
        return bytes.getLong(16);
    }

    public long spaceBytes() {
        return decoded().spaceBytes();
    }

    public boolean isUsed() {
        return platform() != ParentLocator.NONE;
    }

    public boolean isKnown() {
        return PATHS.contains(platform()) || OTHERS.contains(platform());
    }

    /** Whether it is of a kind whose payload is a path that programs follow. */
    public boolean isPath() {
        return PATHS.contains(platform());
    }

    public boolean isZero() {
        return Zeros.firstOther(bytes, 0, SIZE) < 0;
    }

    /** Whether nothing but an offset stands in it. */
    public boolean isZeroButForPlace() {
        return Zeros.firstOther(bytes, 0, PLACE) < 0;
    }

    public boolean isWithin(long fileSize) {
        long space = Math.max(spaceBytes(), Integer.toUnsignedLong(length()));
        return payloadOffset() > 0 && payloadOffset() <= fileSize - space;
    }

    /** Returns the path, its parts separated by "/"; empty if the payload is no path, or not in the file. */
    public Optional<String> path(BlockFile file, long fileSize) throws IOException {
        if (!isPath() || !decoded().readable() || payloadOffset() > fileSize - length()) {
            return Optional.empty();
        }
        ByteBuffer payload = ByteBuffer.allocate(length());
        file.read(payloadOffset(), payload);
        return payload.hasRemaining() ? Optional.empty() : decoded().decodePath(payload.flip());
    }

    /** As {@link ParentLocator#unescaped}. */
    public Optional<String> unescaped(String path) {
        return decoded().unescaped(path);
    }

    /** Returns the platform code as people know it. */
    public String name() {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < Integer.BYTES; i++) {
            char letter = (char) bytes.get(i);
            if (letter < ' ' || letter > '~') {
                return Findings.hex(Integer.toUnsignedLong(platform()));
            }
            name.append(letter);
        }
        return name.toString().strip();
    }

    private ParentLocator decoded() {
        return new ParentLocator(platform(), bytes.getInt(4), length(), payloadOffset());
    }
}
