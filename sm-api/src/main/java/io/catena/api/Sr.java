package io.catena.api;

/**
 * A storage repository.
 *
 * @param path the directory that holds it, absolute
 * @param attached whether this agent serves it now
 */
public record Sr(SrId id, String name, String path, boolean attached) {}
