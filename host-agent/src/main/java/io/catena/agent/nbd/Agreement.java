package io.catena.agent.nbd;

/**
 * What client and server have agreed on in the handshake.
 *
 * @param structuredReplies whether reads are answered in chunks
 * @param blockStatus whether the client may ask what is data, which needs structured replies
 * @param writeThrough whether each write is to be durable when it is answered: the client never flushes
 */
record Agreement(NbdExport export, boolean structuredReplies, boolean blockStatus, boolean writeThrough) {}
