package io.catena.agent.nbd;

/**
 * What client and server have agreed on in the handshake.
 *
 * @param structuredReplies whether reads are answered in chunks
 * @param blockStatus whether the client may ask what is data, which needs structured replies
 */
record Agreement(NbdExport export, boolean structuredReplies, boolean blockStatus) {}
