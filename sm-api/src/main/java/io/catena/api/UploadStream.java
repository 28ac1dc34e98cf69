package io.catena.api;

/**
 * A stream of bytes of which a disk is made, as its sender names it.
 *
 * @param name what the sender calls it; another one has other bytes
 * @param caller the only one who can go on with it
 * @param lengthBytes of all of it
 */
public record UploadStream(String name, String caller, StreamFormat format, long lengthBytes) {}
