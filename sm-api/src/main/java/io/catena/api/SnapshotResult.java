package io.catena.api;

/**
 * A snapshot that was taken.
 *
 * @param vdi the snapshot
 * @param of the disk it was taken of
 * @param pauseMicros how long the disk's requests were held back; 0 if it was not attached
 */
public record SnapshotResult(VdiId vdi, VdiId of, long pauseMicros) {}
