package io.catena.sr.verb;

import io.catena.format.DynamicHeader;
import io.catena.format.VhdTime;
import io.catena.op.Snapshot;
import io.catena.sr.job.Environment;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.Attachments;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.SrTree;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentFinder;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Lays the new, empty files of snapshots and clones ready, whole and durable, where recovery deletes them if nothing comes of
 * it.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only; files are read and made aside.
 */
final class CutPreparation {
    private static final String VHD = ".vhd";

    private final Storage storage;
    private final Attachments attachments;
    private final Environment environment;
    private final SrTree tree;
    private final VhdCreator creator;

    CutPreparation(Storage storage, Attachments attachments, Environment environment, SrTree tree) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.environment = environment;
        this.creator = new VhdCreator(storage);
    }

    /**
     * Returns what is to be done; nothing is left if this fails.
     *
     * @param mayShareParent whether the copy of a disk that holds nothing builds on that one's parent
     */
    List<CutPart> prepareAll(List<CutRequest> requests, boolean mayShareParent) throws IOException {
        tree.concern(requests.stream().map(CutRequest::source).toList());
        List<CutPart> parts = new ArrayList<>();
        try {
            for (CutRequest request : requests) {
                parts.add(prepare(request, mayShareParent));
            }
            tree.aside(this::makeDurable);
        } catch (IOException | RuntimeException e) {
            discard(parts, e);
            discardFilled(requests, e);
            throw e;
        }
        return parts;
    }

    private void makeDurable() throws IOException {
        storage.syncNames();
    }

    private CutPart prepare(CutRequest request, boolean mayShareParent) throws IOException {
        attachments.leaves().stopMerging(request.source().id(), tree::aside);
        attachments.nodes().settle(request.source().name(), tree::aside);
        // Read anew: the tree may not know of a footer that changed since.
        ChainFile source =
                tree.lookAside(() -> ChainFile.read(storage, request.source().name()));
        Attachment attachment = attachments.get(request.source().id()).orElse(null);
        Optional<ChainFile> parent =
                mayShareParent ? tree.lookAside(() -> sharedParent(request, source, attachment)) : Optional.empty();
        if (parent.isPresent()) {
            return tree.lookAside(() -> besideEmpty(request, source, parent.get(), attachment));
        }
        request.mayDeepen().run();
        return tree.lookAside(() -> uponBaseCopy(request, source, attachment));
    }

    /** Makes sure that a cut would not make a chain too long; changes nothing. */
    void checkDepth(CutRequest request) throws IOException {
        ChainFile source = ChainFile.read(storage, request.source().name());
        Attachment attachment = attachments.get(request.source().id()).orElse(null);
        if (sharedParent(request, source, attachment).isEmpty()) {
            request.mayDeepen().run();
        }
    }

    private Optional<ChainFile> sharedParent(CutRequest request, ChainFile source, @Nullable Attachment attachment)
            throws IOException {
        return canShareParent(request, source, attachment)
                ? new ParentFinder(storage).parentOf(source)
                : Optional.empty();
    }

    /** A disk that is written meanwhile gets a new file of its file's name, and only that name may tell who it is. */
    private boolean canShareParent(CutRequest request, ChainFile source, @Nullable Attachment attachment)
            throws IOException {
        if (attachment == null) {
            return LeafReplacer.isEmpty(storage, source);
        }
        boolean keepsIdentity = attachment.disk().readOnly()
                || source.name().equals(request.source().id() + VHD);
        return keepsIdentity
                && attachment.disk().chain().leaf().layer() instanceof SparseLayer layer
                && layer.isEmpty();
    }

    private CutPart besideEmpty(CutRequest request, ChainFile source, ChainFile parent, @Nullable Attachment attachment)
            throws IOException {
        String childName = request.vdi() + VHD;
        Snapshot.Child child = prepareChild(request, childName, source, link(childName, parent));
        if (attachment == null || attachment.disk().readOnly()) {
            return new CutPart(request, source, null, null, child, attachment);
        }
        try {
            Snapshot.Child leaf = prepareChild(source.name(), source.sizeBytes(), link(source.name(), parent));
            return new CutPart(request, source, null, fresh(leaf), child, attachment);
        } catch (IOException | RuntimeException e) {
            delete(List.of(child.prepared()), e);
            throw e;
        }
    }

    private CutPart uponBaseCopy(CutRequest request, ChainFile source, @Nullable Attachment attachment)
            throws IOException {
        String childName = request.vdi() + VHD;
        String end = source.name().substring(source.name().lastIndexOf('.'));
        ChainFile baseCopy = source.renamed(environment.uuids().get() + end);
        // The new file has another unique id, so only its name can keep the disk's identity.
        String leafName = request.source().id() + VHD;
        if (!leafName.equals(source.name()) && storage.exists(leafName)) {
            throw new IOException(
                    leafName + " is in the way: the disk's file " + source.name() + " must get that name");
        }
        Snapshot.Child leaf = prepareChild(leafName, source.sizeBytes(), linkToBaseCopy(source, leafName, baseCopy));
        try {
            Snapshot.Child child =
                    prepareChild(request, childName, source, linkToBaseCopy(source, childName, baseCopy));
            return new CutPart(request, source, baseCopy.name(), fresh(leaf), child, attachment);
        } catch (IOException | RuntimeException e) {
            delete(List.of(leaf.prepared()), e);
            throw e;
        }
    }

    private CutPart.FreshLeaf fresh(Snapshot.Child leaf) throws IOException {
        return new CutPart.FreshLeaf(ChainFile.vhd(storage, leaf.prepared()), leaf);
    }

    private static long sizeBytes(CutRequest request, ChainFile source) {
        return request.sizeBytes() == 0 ? source.sizeBytes() : request.sizeBytes();
    }

    private Snapshot.Child prepareChild(CutRequest request, String name, ChainFile source, ParentLink parent)
            throws IOException {
        String filled = request.filled();
        if (filled == null) {
            return prepareChild(name, sizeBytes(request, source), parent);
        }
        VhdHeaders headers =
                Objects.requireNonNull(ChainFile.vhd(storage, filled).headers());
        List<ParentLink.Patch> patches = parent.replaceIn(headers, filled);
        link(filled, patches);
        return new Snapshot.Child(filled, name);
    }

    private void link(String file, List<ParentLink.Patch> patches) throws IOException {
        try (BlockFile open = storage.open(file)) {
            for (ParentLink.Patch patch : patches) {
                patch.apply(open);
            }
            open.sync();
        }
    }

    private Snapshot.Child prepareChild(String name, long sizeBytes, ParentLink parent) throws IOException {
        String prepared = SrFiles.temporary(environment.uuids().get() + VHD);
        int now = VhdTime.fromEpochSeconds(environment.clock().instant().getEpochSecond());
        try {
            UUID id = environment.uuids().get();
            creator.differencing(prepared, sizeBytes, id, now, parent);
        } catch (IOException | RuntimeException e) {
            delete(List.of(prepared), e);
            throw e;
        }
        return new Snapshot.Child(prepared, name);
    }

    private ParentLink link(String child, ChainFile parent) throws IOException {
        return ParentLink.of(storage, child, parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
    }

    /** The base copy has still the source's name, but the link must name it as it will be. */
    private ParentLink linkToBaseCopy(ChainFile source, String child, ChainFile baseCopy) throws IOException {
        ParentLink toSource = link(child, source);
        return new ParentLink(toSource.id(), toSource.timestamp(), baseCopy.name());
    }

    private void discardFilled(List<CutRequest> requests, Exception reason) {
        for (CutRequest request : requests) {
            if (request.filled() != null) {
                delete(List.of(request.filled()), reason);
            }
        }
    }

    /** Deletes what was laid ready. */
    void discard(List<CutPart> parts, Exception reason) {
        parts.forEach(part -> delete(part.prepared(), reason));
    }

    private void delete(List<String> names, Exception reason) {
        try {
            for (String name : names) {
                storage.delete(name);
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
