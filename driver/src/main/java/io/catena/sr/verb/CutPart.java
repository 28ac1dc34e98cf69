package io.catena.sr.verb;

import io.catena.api.VdiId;
import io.catena.op.Snapshot;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.LiveCut;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.vhd.ChainFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One disk's part in snapshots that are taken at one instant.
 *
 * @param request what is asked for
 * @param source as it was before
 * @param baseCopy the name that the source's file is to get; null if the source holds nothing, so that the new disk can build
 *     on the source's parent
 * @param freshLeaf laid ready to take the source's place; null if that stays what it is, since it holds nothing and cannot be
 *     written
 * @param child the new disk's file
 * @param attachment null if the source is not attached
 */
record CutPart(
        CutRequest request,
        ChainFile source,
        @Nullable String baseCopy,
        @Nullable FreshLeaf freshLeaf,
        Snapshot.Child child,
        @Nullable Attachment attachment) {

    /**
     * The new, empty file that takes a leaf's place.
     *
     * @param file under the name under which it lies ready
     */
    record FreshLeaf(ChainFile file, Snapshot.Child child) {}

    /** Returns what happens to the disk while it is being used, if anything does. */
    Optional<LiveCut.Disk> live() {
        return attachment == null || freshLeaf == null
                ? Optional.empty()
                : Optional.of(new LiveCut.Disk(
                        attachment, freshLeaf.file(), freshLeaf.child().name(), baseCopy));
    }

    /** Returns the names of the files that are made or renamed. */
    List<String> files() {
        List<String> names = new ArrayList<>(List.of(child.name(), source.name()));
        if (freshLeaf != null) {
            names.add(freshLeaf.child().name());
        }
        if (baseCopy != null) {
            names.add(baseCopy);
        }
        return names;
    }

    /** Returns the files that were laid ready, under the names that they have until the operation happens. */
    List<String> prepared() {
        List<String> names = new ArrayList<>(List.of(child.prepared()));
        if (freshLeaf != null) {
            names.add(freshLeaf.child().prepared());
        }
        return names;
    }

    /** Returns the operation that makes all disks. */
    static Snapshot operation(List<CutPart> parts) {
        List<Snapshot.Cut> cuts = new ArrayList<>();
        List<Snapshot.Child> children = new ArrayList<>();
        List<Snapshot.TextFile> records = new ArrayList<>();
        List<String> emptyLeaves = new ArrayList<>();
        for (CutPart part : parts) {
            if (part.baseCopy != null) {
                cuts.add(new Snapshot.Cut(part.source.name(), part.baseCopy));
            }
            if (part.freshLeaf != null) {
                children.add(part.freshLeaf.child());
                if (part.baseCopy == null) {
                    emptyLeaves.add(part.source.name());
                }
            }
            children.add(part.child);
            records.addAll(part.records());
        }
        return new Snapshot(cuts, children, records, emptyLeaves);
    }

    private List<Snapshot.TextFile> records() {
        List<Snapshot.TextFile> records = new ArrayList<>();
        if (baseCopy != null && source.headers() == null) {
            records.add(record(VdiId.parse(SrFiles.stem(baseCopy)), VdiRecord.ofBaseCopy()));
        }
        records.add(record(request.vdi(), request.record()));
        records.add(record(request.source().id(), request.sourceRecord()));
        return records;
    }

    private static Snapshot.TextFile record(VdiId vdi, VdiRecord record) {
        return new Snapshot.TextFile(SrFiles.vdiRecord(vdi), record.encode());
    }
}
