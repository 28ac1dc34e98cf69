package io.catena.api;

import java.util.HexFormat;
import java.util.UUID;

/** Reads UUIDs strictly, for {@link UUID#fromString} accepts "1-1-1-1-1"; and puts them in order. */
public final class Uuids {
    private static final String FORM = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    private Uuids() {}

    /** Whether {@code text} is a UUID in its 36-character form. */
    public static boolean isUuid(String text) {
        // Asked of every name in a directory, and of every disk at each snapshot: a pattern takes ten times as long.
        if (text.length() != FORM.length()) {
            return false;
        }
        for (int i = 0; i < FORM.length(); i++) {
            if (FORM.charAt(i) == '-' ? text.charAt(i) != '-' : !HexFormat.isHexDigit(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** Returns the UUID that {@code text} stands for. */
    static UUID parse(String text) {
        if (!isUuid(text)) {
            throw new SrException(SrError.BAD_REQUEST, "\"" + text + "\" is not a UUID")
                    .correction("Give a UUID such as 2b51c906-84ee-4a60-a320-c551ca622bd1, or a unique name.");
        }
        return UUID.fromString(text);
    }

    /** Compares as their text forms do: {@link UUID#compareTo} puts the upper half of all UUIDs before the lower. */
    static int compare(UUID one, UUID other) {
        int high = Long.compareUnsigned(one.getMostSignificantBits(), other.getMostSignificantBits());
        return high != 0 ? high : Long.compareUnsigned(one.getLeastSignificantBits(), other.getLeastSignificantBits());
    }
}
