package io.catena.sr.gc;

import io.catena.format.DynamicHeader;
import io.catena.op.Relink;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.LiveSteps;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * Takes a node out of the tree that its only child does not need any more, for the child holds all of it.
 *
 * <ol>
 *   <li>Record the operation with all bytes that it will write.
 *   <li>Link the child to the node's parent, or make it a disk without one.
 *   <li>Delete the node, and its record if it has one, and forget the operation.
 * </ol>
 *
 * <p>The child's data must be durable before.
 */
record Unlinking(Storage storage, Node node, Relink operation) {
    /**
     * @param child as its file is now
     */
    static Unlinking of(Storage storage, Node node, ChainFile child) throws IOException {
        return of(storage, node, child, Objects.requireNonNull(child.headers(), "headers"));
    }

    /**
     * As {@link #of}, of a child that is written meanwhile: only who has it open knows where its footer at the end is.
     */
    static Unlinking ofInUse(Storage storage, Node node, ChainFile child) throws IOException {
        VhdHeaders headers = Objects.requireNonNull(child.headers(), "headers");
        return of(storage, node, child, headers.withoutTrailingFooter());
    }

    private static Unlinking of(Storage storage, Node node, ChainFile child, VhdHeaders headers) throws IOException {
        String parent = node.parent();
        List<ParentLink.Patch> patches;
        if (parent == null) {
            patches = ParentLink.removeFrom(headers);
        } else {
            ChainFile grandparent = ChainFile.read(storage, parent);
            patches = ParentLink.of(
                            storage,
                            child.name(),
                            parent,
                            grandparent.uniqueId().orElse(DynamicHeader.NO_ID))
                    .replaceIn(headers, child.name());
        }
        return new Unlinking(storage, node, new Relink(node.name(), List.of(Relink.Child.of(child.name(), patches))));
    }

    /**
     * Takes all steps.
     *
     * @param live how disks in use go on without the node
     */
    void run(SrTree tree, LiveSteps live) throws IOException {
        tree.commit(operation, live);
        if (node.rawBaseCopy()) {
            tree.aside(this::deleteRecord);
        }
    }

    /** Deletes what hid a raw node; without its file it means nothing. */
    private void deleteRecord() throws IOException {
        storage.delete(SrFiles.vdiRecord(node.id()));
        storage.syncNames();
    }
}
