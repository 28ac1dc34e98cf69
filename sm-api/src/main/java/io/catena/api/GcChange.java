package io.catena.api;

import org.jspecify.annotations.Nullable;

/**
 * What is to be changed of {@link GcSettings}; null keeps a value.
 *
 * @param window as in {@link GcSettings}, or {@link #ALWAYS}
 */
public record GcChange(
        @Nullable Boolean gc,
        @Nullable Boolean coalesce,
        @Nullable Boolean leafCoalesce,
        @Nullable Integer workers,
        @Nullable Long bytesPerSecond,
        @Nullable Long reserveBytes,
        @Nullable Integer everyMinutes,
        @Nullable String window) {
    public static final String ALWAYS = "always";
}
