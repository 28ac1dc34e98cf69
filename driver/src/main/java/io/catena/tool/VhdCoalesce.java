package io.catena.tool;

import io.catena.api.JobControl;
import io.catena.disk.ChainPath;
import io.catena.op.OfflineAccess;
import io.catena.sr.gc.PushDown;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies what a disk holds into its parent, a VHD or a raw file, which then reads as the disk does. Interrupted anywhere, it
 * can be run again: until the disk is deleted it hides what is written below it.
 */
public final class VhdCoalesce {
    private final JobControl control;

    public VhdCoalesce(JobControl control) {
        this.control = control;
    }

    /**
     * What was done.
     *
     * @param parent the parent's path
     */
    public record Result(long bytes, Path parent) {}

    /**
     * Merges a disk into its parent, which grows first if it is smaller. Durable when this returns.
     *
     * @param delete whether the disk goes afterwards
     * @throws io.catena.store.StorageLockedException if either directory is an SR that an agent uses
     * @throws IOException also if the disk has no parent; if the parent has other children, whose content would change; or
     *     if the disk is to go but has children
     */
    public Result coalesce(HostFile child, boolean delete) throws IOException {
        HostFile parent = parentOf(child);
        Closeable access = OfflineAccess.take(child.storage());
        try (access) {
            if (parent.directory().equals(child.directory())) {
                return coalesceAlone(child, parent, delete);
            }
            Closeable parentAccess = OfflineAccess.take(parent.storage());
            try (parentAccess) {
                return coalesceAlone(child, parent, delete);
            }
        }
    }

    private static HostFile parentOf(HostFile child) throws IOException {
        List<ChainFile> chain = ChainPath.of(child.storage(), ChainFile.vhd(child.storage(), child.name()));
        if (chain.size() < 2) {
            throw new IOException(child.name() + ": has no parent to be merged into");
        }
        return HostFile.of(child.directory().resolve(chain.get(1).name()), child.allowed(), child.below());
    }

    private Result coalesceAlone(HostFile child, HostFile parent, boolean delete) throws IOException {
        refuseOtherChildren(child, parent);
        if (delete) {
            refuseChildren(child);
        }
        ChainFile node = ChainFile.vhd(child.storage(), child.name());
        boolean raw = node.headers() != null && node.headers().hasRawParent();
        ChainFile target = grown(parent, raw, node.sizeBytes());
        control.phase("copying");
        long bytes = new PushDown(child.storage(), control).copy(node, parent.storage(), target);
        if (delete) {
            child.storage().delete(child.name());
            child.storage().syncNames();
        }
        return new Result(bytes, parent.directory().resolve(parent.name()));
    }

    private static ChainFile grown(HostFile parent, boolean raw, long sizeBytes) throws IOException {
        Storage storage = parent.storage();
        if (!raw) {
            if (ChainFile.vhd(storage, parent.name()).sizeBytes() < sizeBytes) {
                new VhdResize(storage, parent.name()).resizeAlone(sizeBytes, false);
            }
            return ChainFile.vhd(storage, parent.name());
        }
        if (storage.info(parent.name()).sizeBytes() < sizeBytes) {
            try (BlockFile file = storage.open(parent.name())) {
                file.truncate(sizeBytes);
                file.sync();
            }
        }
        return ChainFile.raw(storage, parent.name());
    }

    private static void refuseOtherChildren(HostFile child, HostFile parent) throws IOException {
        List<String> others = new ArrayList<>(Descendants.childrenOf(parent.storage(), parent.name()));
        if (parent.directory().equals(child.directory())) {
            others.remove(child.name());
        }
        if (!others.isEmpty()) {
            throw new IOException(parent.name() + ": is also the parent of " + String.join(", ", others)
                    + ", whose content would change");
        }
    }

    private static void refuseChildren(HostFile child) throws IOException {
        List<String> children = Descendants.childrenOf(child.storage(), child.name());
        if (!children.isEmpty()) {
            throw new IOException(child.name() + ": is the parent of " + String.join(", ", children)
                    + ", which would lose it; give those another parent first");
        }
    }
}
