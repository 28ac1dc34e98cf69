package io.catena.check;

import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.Window;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import io.catena.format.CorruptVhdException;
import io.catena.format.DynamicHeader;
import io.catena.format.SparseLayout;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Writes the parent locators of a disk of which none leads to the parent, though it stands beside the disk under the name
 * that the header gives: blktap looks nowhere else than where locators lead.
 *
 * <p>They go between the rest of the metadata and the first block. If there is no room, nothing is changed: {@code catena vhd
 * reparent} moves blocks out of the way.
 */
final class LocatorWriter {
    private final Storage storage;
    private final String file;
    private final List<Advice> leftAlone;

    LocatorWriter(Storage storage, String file, List<Advice> leftAlone) {
        this.storage = storage;
        this.file = file;
        this.leftAlone = leftAlone;
    }

    /**
     * Adds the changes if they are needed.
     *
     * @param image an image that has a BAT
     * @param fixed the bytes of the header that it will have, which are replaced
     * @param metadataEnd where metadata ends that is yet to be written
     * @return whether the header has new locators
     */
    boolean plan(RawImage image, ByteBuffer fixed, long metadataEnd, ChangeList changes, StringBuilder why)
            throws IOException {
        ParentSearch search = ParentSearch.run(storage, file, image);
        ChainFile parent = search.parent();
        if (parent == null || !search.byNameOnly()) {
            return false;
        }
        List<ParentLink.Patch> patches = patches(image, parent, start(image, metadataEnd));
        ParentLink.Patch last = patches.get(patches.size() - 1);
        ParentLink.Patch payload = patches.get(patches.size() - 2);
        if (payload.offset() + payload.bytes().remaining() > room(image)) {
            leftAlone.add(Advice.of(
                            "no parent locator leads to " + parent.name() + ", and there is no room for one; make it: ")
                    .then(Remedy.of(Verb.VHD_REPARENT, "FILE").with("parent", parent.name())));
            return false;
        }
        for (ParentLink.Patch patch : patches.subList(0, patches.size() - 1)) {
            changes.replace(Change.Step.METADATA, patch.offset(), patch.bytes(), "the parent's path");
        }
        fixed.put(0, last.bytes(), 0, RawHeader.SIZE);
        why.append(" no parent locator leads to ").append(parent.name()).append(';');
        return true;
    }

    /** The header comes last, the locators' paths before. */
    private List<ParentLink.Patch> patches(RawImage image, ChainFile parent, long start) throws IOException {
        RawHeader header = image.sparseHeader();
        ByteBuffer bytes = header.bytes().duplicate().clear();
        ParentLink link =
                ParentLink.of(storage, file, parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
        return link.layOut(DynamicHeader.decode(bytes, file, header.offset()), header.offset(), start);
    }

    /** The room of the present locators is free: all of them go. */
    private static long start(RawImage image, long metadataEnd) throws IOException {
        long end = metadataEnd;
        for (RawImage.Region region : image.metadata()) {
            end = Math.max(end, region.end());
        }
        return SparseLayout.roundUp(end, SparseLayout.SECTOR);
    }

    /** Returns where the first block or the footer begins; nothing can be put before a footer that is yet to be restored. */
    private static long room(RawImage image) throws IOException {
        long end = image.trailing().isIntact() ? image.dataLimit() : Long.MAX_VALUE;
        Window table = image.table();
        for (long block = 0; block < image.entries(); block++) {
            int entry = table.entry(block);
            if (entry != SparseLayout.UNALLOCATED) {
                end = Math.min(end, RawImage.blockStart(entry));
            }
        }
        return end == Long.MAX_VALUE ? 0 : end;
    }

    /** Whether the header is one that can be written anew. */
    static boolean canWrite(RawImage image) {
        try {
            RawHeader header = image.sparseHeader();
            DynamicHeader.decode(header.bytes().duplicate().clear(), "", header.offset());
            return image.hasTable() && image.sparseFooter().type() == RawFooter.DIFFERENCING;
        } catch (CorruptVhdException e) {
            return false;
        }
    }
}
