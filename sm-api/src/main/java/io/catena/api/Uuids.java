package io.catena.api;

import java.util.UUID;
import java.util.regex.Pattern;

/** Reads UUIDs strictly, for {@link UUID#fromString} accepts "1-1-1-1-1"; and puts them in order. */
public final class Uuids {
    private static final Pattern FORM =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");

    private Uuids() {}

    /** Whether {@code text} is a UUID in its 36-character form. */
    public static boolean isUuid(String text) {
        return FORM.matcher(text).matches();
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
