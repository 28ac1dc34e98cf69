package io.catena.agent.nbd;

import io.catena.agent.nbd.context.MetaContext;
import java.util.List;

/**
 * What client and server have agreed on in the handshake.
 *
 * @param structuredReplies whether reads are answered in chunks
 * @param contexts what the client may ask about ranges of the disk, which needs structured replies; each has a number one more
 *     than its index
 * @param writeThrough whether each write is to be durable when it is answered: the client never flushes
 */
record Agreement(NbdExport export, boolean structuredReplies, List<MetaContext> contexts, boolean writeThrough) {
    boolean blockStatus() {
        return !contexts.isEmpty();
    }
}
