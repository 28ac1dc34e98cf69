package io.catena.sr;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.disk.Exporter;
import io.catena.disk.LiveDisk;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.RedoLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The disks of an SR that are attached: their chains are open, and they are exported.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only; the disks themselves serve requests from many threads.
 */
final class Attachments {
    private final Storage storage;
    private final OpenNodes nodes;
    private final Exporter exporter;
    private final RedoStore redo;
    private final Map<VdiId, Attachment> attachments = new TreeMap<>();

    Attachments(Storage storage, Exporter exporter, RedoStore redo) {
        this.storage = storage;
        this.nodes = new OpenNodes(storage);
        this.exporter = exporter;
        this.redo = redo;
    }

    /** An attached disk. */
    record Attachment(VdiId vdi, AccessMode mode, LiveDisk disk, Export export) {}

    /** Where the redo logs of an SR's disks are, and who they belong to. */
    record RedoStore(Storage storage, String directory, RedoLog.Owner owner) {
        /** Returns a file's log; null if the file has no metadata that a write could change. */
        @Nullable
        RedoLog open(ChainFile file) throws IOException {
            return !file.isSparse() ? null : RedoLog.open(storage, directory, owner, logId(file));
        }

        /** Both the name and the unique id count: a name goes on to a new file, an id may have been copied. */
        static UUID logId(ChainFile file) {
            String key = file.name() + " " + file.uniqueId().map(UUID::toString).orElse("raw");
            return UUID.nameUUIDFromBytes(key.getBytes(UTF_8));
        }
    }

    OpenNodes nodes() {
        return nodes;
    }

    Optional<Attachment> get(VdiId vdi) {
        return Optional.ofNullable(attachments.get(vdi));
    }

    Collection<Attachment> all() {
        return List.copyOf(attachments.values());
    }

    /** Opens a disk's chain and exports it. Nothing stays open if that fails. */
    Export attach(VdiId vdi, ChainFile leaf, AccessMode mode) throws IOException {
        List<ChainFile> path = ChainPath.of(storage, leaf);
        List<Chain.Node> opened = new ArrayList<>();
        try {
            for (ChainFile file : path) {
                boolean writable = opened.isEmpty() && mode == AccessMode.READ_WRITE;
                if (!writable) {
                    settle(file.name());
                }
                opened.add(writable ? nodes.openWritable(file, redo) : nodes.share(file));
            }
            LiveDisk disk = new LiveDisk(new Chain(opened), mode == AccessMode.READ_ONLY);
            Export export = exporter.publish(vdi, mode, disk);
            attachments.put(vdi, new Attachment(vdi, mode, disk, export));
            return export;
        } catch (IOException | RuntimeException e) {
            releaseAll(opened, e);
            throw e;
        }
    }

    /** Ends the export and closes the chain; what was written is on disk then. */
    void detach(VdiId vdi) throws IOException {
        Attachment attachment = attachments.get(vdi);
        if (attachment == null) {
            return;
        }
        exporter.withdraw(vdi);
        attachments.remove(vdi);
        IOException failure = null;
        for (Chain.Node node : attachment.disk().chain().nodes()) {
            try {
                nodes.release(node);
            } catch (IOException e) {
                failure = merge(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Detaches all disks, also if some of them fail. */
    void detachAll() throws IOException {
        IOException failure = null;
        for (Attachment attachment : all()) {
            try {
                detach(attachment.vdi());
            } catch (IOException e) {
                failure = merge(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Takes over what an attachment that ended with an error could not write to this file. */
    void settle(String name) throws IOException {
        nodes.settle(name, redo);
    }

    /** Takes over what attachments that ended with an error could not write. */
    void settleAll() throws IOException {
        nodes.settleAll(redo);
    }

    /**
     * Lets all chains go on without a node whose data its parent holds by now.
     *
     * @param parent as it is now; those who have it open see it as it was, until this returns
     */
    void dropFromChains(String name, ChainFile parent) throws IOException {
        nodes.forget(parent.name());
        for (Attachment attachment : attachments.values()) {
            List<Chain.Node> old = attachment.disk().chain().nodes();
            if (old.stream().noneMatch(node -> node.name().equals(name))) {
                continue;
            }
            List<Chain.Node> kept = new ArrayList<>();
            List<Chain.Node> dropped = new ArrayList<>();
            for (Chain.Node node : old) {
                boolean isParent = node.name().equals(parent.name());
                boolean stays = !isParent && !node.name().equals(name);
                (stays ? kept : dropped).add(node);
                if (isParent) {
                    kept.add(nodes.share(parent));
                }
            }
            try (LiveDisk.Pause pause = attachment.disk().pause()) {
                pause.replace(new Chain(kept));
            }
            for (Chain.Node node : dropped) {
                nodes.release(node);
            }
        }
    }

    private void releaseAll(List<Chain.Node> opened, Exception reason) {
        for (Chain.Node node : opened) {
            try {
                nodes.release(node);
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
    }

    private static IOException merge(@Nullable IOException first, IOException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }
}
