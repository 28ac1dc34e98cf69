package io.catena.agent.mirror;

import io.catena.api.SrId;
import io.catena.api.VdiId;

/**
 * A mirror as it stands at one moment.
 *
 * @param job that copies
 * @param to what the copy is, for humans
 * @param state see {@link MirrorState#text}
 * @param missingBytes what the copy may lack
 * @param trouble why the copy cannot be reached; empty if it can
 */
record MirrorView(VdiId vdi, SrId sr, long job, String to, String state, long missingBytes, String trouble) {}
