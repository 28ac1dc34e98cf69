package io.catena.api;

/**
 * What would come back if a disk or snapshot were deleted.
 *
 * @param atOnceBytes what its own file takes, if nothing builds on it; that comes back with the deletion
 * @param laterBytes what collections give back after that, if they may merge: the base copies that nobody else needs, and the
 *     blocks that two nodes both hold which can become one then. Parts of blocks are not counted, so it may be more.
 */
public record DeletionGain(VdiId vdi, long atOnceBytes, long laterBytes) {}
