package io.catena.sr.xen;

import io.catena.format.DynamicHeader;
import io.catena.sr.live.NodeRow;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/** The files of an SR as XenServer's storage manager names them: by a node's UUID, and whether it is raw. */
record SmNodes(Storage storage, Tree tree) {
    /** Returns the file of a node, if there is one. */
    Optional<Node> node(String id) {
        return tree.node(id + ".vhd").or(() -> tree.node(id + ".raw"));
    }

    /** Returns the VHD of a node, if there is one. */
    Optional<Node> vhd(String id) {
        return tree.node(id + ".vhd");
    }

    /** Whether {@code child} names {@code parent} as its parent, by the unique id, whatever the files are called. */
    static boolean isChild(Node child, Node parent) {
        VhdHeaders headers = child.file() == null ? null : child.file().headers();
        DynamicHeader header = headers == null ? null : headers.header();
        if (parent.file() == null || headers == null || header == null || !headers.isDifferencing()) {
            return false;
        }
        UUID id = parent.file().uniqueId().orElse(DynamicHeader.NO_ID);
        return header.parentId().equals(id);
    }

    /** Whether a file that is not a node holds any data of its own. */
    static boolean holdsData(Storage storage, ChainFile file) throws IOException {
        try (Layer layer = file.openReadOnly(storage)) {
            return NodeRow.presentBytes(layer) > 0;
        }
    }

    static void deleteDurably(Storage storage, String name) throws IOException {
        storage.delete(name);
        storage.syncNames();
    }

    static void renameDurably(Storage storage, String from, String to) throws IOException {
        storage.rename(from, to);
        storage.syncNames();
    }
}
