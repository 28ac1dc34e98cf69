package io.catena.harness.bench;

import org.jspecify.annotations.Nullable;

/**
 * One operation, measured.
 *
 * @param vhdUtilSeconds what vhd-util took, recorded on another day with its process's start; null if it was not measured
 * @param peer who else did it in this run, and how; null if nobody
 */
record Measured(
        String operation,
        Timing ours,
        @Nullable Double vhdUtilSeconds,
        @Nullable String peer,
        @Nullable Timing peerTiming) {}
