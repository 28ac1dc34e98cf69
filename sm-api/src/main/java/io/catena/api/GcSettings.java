package io.catena.api;

import java.time.DateTimeException;
import java.time.LocalTime;
import org.jspecify.annotations.Nullable;

/**
 * What garbage collection of an SR may do, when and how fast.
 *
 * @param gc whether it runs at all without being asked
 * @param coalesce whether nodes are merged; garbage is deleted in any case
 * @param leafCoalesce whether disks are merged with their base copies
 * @param paused whether nothing runs until it is resumed
 * @param workers how many trees are worked on at a time
 * @param bytesPerSecond how much is copied in a second; 0 for no limit
 * @param reserveBytes how much of the file system is never used for merging
 * @param everyMinutes how often it runs though nothing has happened; 0 for never
 * @param window when runs that nobody asked for may work, as "22:00-06:00" in UTC; null for always
 */
public record GcSettings(
        boolean gc,
        boolean coalesce,
        boolean leafCoalesce,
        boolean paused,
        int workers,
        long bytesPerSecond,
        long reserveBytes,
        int everyMinutes,
        @Nullable String window) {
    public static final int MOST_WORKERS = 16;
    public static final GcSettings DEFAULT = new GcSettings(true, true, true, false, 2, 0, 64L << 20, 60, null);

    /**
     * @throws IllegalArgumentException if a value cannot be
     */
    public GcSettings {
        require(workers >= 1 && workers <= MOST_WORKERS, "workers", workers, "1 to " + MOST_WORKERS);
        require(bytesPerSecond >= 0, "bytesPerSecond", bytesPerSecond, "0 or more");
        require(reserveBytes >= 0, "reserveBytes", reserveBytes, "0 or more");
        require(everyMinutes >= 0, "everyMinutes", everyMinutes, "0 or more");
        if (window != null) {
            from(window);
            to(window);
        }
    }

    /** Of an SR whose nodes somebody else has made: nothing is changed before somebody agrees. */
    public static final GcSettings OF_ADOPTED =
            DEFAULT.with(new GcChange(false, null, null, null, null, null, null, null));

    /**
     * Returns this with what {@code change} names.
     *
     * @throws IllegalArgumentException if a value cannot be; also if a window ends when it opens, which may mean always or
     *     never
     */
    public GcSettings with(GcChange change) {
        String wanted = change.window();
        if (wanted != null && !wanted.equals(GcChange.ALWAYS) && from(wanted).equals(to(wanted))) {
            throw new IllegalArgumentException("window is \"" + wanted
                    + "\", which ends when it opens; expected two different times as 22:00-06:00, or \""
                    + GcChange.ALWAYS + "\"");
        }
        return new GcSettings(
                or(change.gc(), gc),
                or(change.coalesce(), coalesce),
                or(change.leafCoalesce(), leafCoalesce),
                paused,
                change.workers() == null ? workers : change.workers(),
                change.bytesPerSecond() == null ? bytesPerSecond : change.bytesPerSecond(),
                change.reserveBytes() == null ? reserveBytes : change.reserveBytes(),
                change.everyMinutes() == null ? everyMinutes : change.everyMinutes(),
                wanted == null ? window : wanted.equals(GcChange.ALWAYS) ? null : wanted);
    }

    public GcSettings withPaused(boolean now) {
        return new GcSettings(
                gc, coalesce, leafCoalesce, now, workers, bytesPerSecond, reserveBytes, everyMinutes, window);
    }

    /** Whether runs that nobody asked for may work at this time of the day. A window may go on after midnight. */
    public boolean isOpenAt(LocalTime time) {
        if (window == null) {
            return true;
        }
        LocalTime from = from(window);
        LocalTime to = to(window);
        return from.isBefore(to)
                ? !time.isBefore(from) && time.isBefore(to)
                : !time.isBefore(from) || time.isBefore(to);
    }

    /** Returns when the window opens; midnight if it is always open. */
    public LocalTime opensAt() {
        return window == null ? LocalTime.MIDNIGHT : from(window);
    }

    private static LocalTime from(String window) {
        return time(window, 0);
    }

    private static LocalTime to(String window) {
        return time(window, 1);
    }

    private static LocalTime time(String window, int part) {
        String[] parts = window.split("-", -1);
        try {
            if (parts.length == 2) {
                return LocalTime.parse(parts[part]);
            }
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "window is \"" + window + "\", expected two times as 22:00-06:00: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("window is \"" + window + "\", expected two times as 22:00-06:00");
    }

    private static boolean or(@Nullable Boolean wanted, boolean now) {
        return wanted == null ? now : wanted;
    }

    private static void require(boolean holds, String field, long found, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(field + " is " + found + ", expected " + expected);
        }
    }
}
