package io.catena.sr.gc;

import io.catena.api.SrId;
import io.catena.sr.job.Environment;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import java.util.function.Function;
import java.util.function.IntSupplier;

/**
 * What garbage collection works with.
 *
 * @param records tells what is kept with a node's disk
 * @param warnFrom number of nodes of a chain from which on there is no time to lose
 * @param adopted whether nodes were there before the SR
 */
public record GcParts(
        SrId sr,
        Storage storage,
        SrTree tree,
        Attachments attachments,
        Function<Node, VdiRecord> records,
        Environment environment,
        FilesBehind behind,
        IntSupplier warnFrom,
        boolean adopted) {}
