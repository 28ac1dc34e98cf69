package io.catena.tool;

import io.catena.disk.ChainPath;
import io.catena.format.DynamicHeader;
import io.catena.op.Bytes;
import io.catena.op.OfflineAccess;
import io.catena.op.Rewrite;
import io.catena.op.rewrite.JournaledFile;
import io.catena.op.rewrite.SparseRewrite;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdHeaders;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Links a differencing disk to another parent, at one instant, with a journal beside the file. That the parent has the right
 * content is for the caller to know.
 */
public final class VhdReparent {
    private final Storage storage;
    private final String name;

    public VhdReparent(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
    }

    /**
     * Links the disk to {@code parent}. Durable when this returns.
     *
     * @param parent any file that the storage can name
     * @param raw whether it is a file without headers
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     * @throws IOException also if the disk is no differencing one, or the parent is larger, or builds on the disk itself, or
     *     another program writes it
     */
    public void to(String parent, boolean raw) throws IOException {
        OpenChain.checkIsNotWritten(storage, parent);
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            JournaledFile journaled = new JournaledFile(storage, name);
            ChainFile child = journaled.sound();
            VhdHeaders headers = child.headers();
            if (headers == null || !headers.isDifferencing()) {
                throw new IOException(name + ": is no differencing disk, and has no parent to be replaced");
            }
            ParentLink link = link(child, raw ? ChainFile.raw(storage, parent) : ChainFile.vhd(storage, parent));
            journaled.rewrite(rewrite(headers, link));
        }
    }

    private ParentLink link(ChainFile child, ChainFile parent) throws IOException {
        String own = storage.resolve(name, lastPart(name));
        for (ChainFile ancestor : ChainPath.of(storage, parent)) {
            if (storage.resolve(name, fromThere(ancestor.name())).equals(own)) {
                throw new IOException(parent.name() + ": builds on " + name + ", and cannot be its parent");
            }
        }
        if (parent.sizeBytes() > child.sizeBytes()) {
            throw new IOException(parent.name() + ": has " + parent.sizeBytes() + " bytes, more than the "
                    + child.sizeBytes() + " of " + name + ", which would cut it off");
        }
        UUID id = parent.uniqueId().orElse(DynamicHeader.NO_ID);
        if (parent.headers() != null && id.equals(DynamicHeader.NO_ID)) {
            throw new IOException(parent.name() + ": has no unique id, by which a child could know it");
        }
        return ParentLink.of(storage, name, parent.name(), id);
    }

    private Rewrite rewrite(VhdHeaders headers, ParentLink link) throws IOException {
        Optional<List<ParentLink.Patch>> inPlace = link.tryReplaceIn(headers);
        if (inPlace.isEmpty()) {
            return new SparseRewrite(storage, name, headers).withParent(link);
        }
        List<Bytes> patches = inPlace.get().stream()
                .map(patch -> Bytes.of(patch.offset(), patch.bytes()))
                .toList();
        return new Rewrite(name, patches, storage.info(name).sizeBytes());
    }

    /** Returns the path of a file of the storage as seen from the disk's directory. */
    private String fromThere(String other) {
        return other.startsWith("/") ? other : "../".repeat(name.split("/", -1).length - 1) + other;
    }

    private static String lastPart(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
