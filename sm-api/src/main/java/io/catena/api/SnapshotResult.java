package io.catena.api;

import io.catena.remedy.Advice;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot that was taken.
 *
 * @param vdi the snapshot
 * @param of the disk it was taken of
 * @param pauseMicros how long the disk's requests were held back; 0 if it was not attached
 * @param warning that the chain comes near its limit, and what to do about it
 */
public record SnapshotResult(
        VdiId vdi, VdiId of, long pauseMicros, @Nullable Advice warning) {}
