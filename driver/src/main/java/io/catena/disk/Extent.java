package io.catena.disk;

/**
 * Sectors in a row that are alike.
 *
 * @param lengthBytes more than 0
 * @param allocated whether a file holds them; else they are zero, and take no room
 */
public record Extent(long lengthBytes, boolean allocated) {}
