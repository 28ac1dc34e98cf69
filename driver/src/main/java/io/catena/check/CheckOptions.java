package io.catena.check;

/**
 * What a check looks at.
 *
 * @param data compare all sector bitmaps with the data, however long it takes; a file with little data is compared anyway
 * @param chain check all ancestors too
 * @param ignoreTimestamps do not compare any time with the clock or with another
 */
public record CheckOptions(boolean data, boolean chain, boolean ignoreTimestamps) {
    /** The file itself, its headers and tables, and whether its parent is the right one. */
    public static final CheckOptions PLAIN = new CheckOptions(false, false, false);

    /** All there is to look at. */
    public static final CheckOptions THOROUGH = new CheckOptions(true, true, false);
}
