package io.catena.api;

/**
 * An upload that its sender can go on with after the agent was started again.
 *
 * @param vdi the disk that it will be
 * @param offsetBytes how much of the stream is there for good
 */
public record KeptUpload(VdiId vdi, UploadStream stream, long offsetBytes) {}
