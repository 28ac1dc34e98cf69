package io.catena.check;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawBatmap;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.Window;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import io.catena.format.Batmap;
import io.catena.format.SparseLayout;
import io.catena.remedy.Advice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes a batmap anew from the sector bitmaps; if its place is taken, the batmap is given up. */
final class BatmapRepair {
    private static final Set<Code> CODES = EnumSet.of(
            Code.BATMAP_MISSING,
            Code.BATMAP_PAST_END,
            Code.BATMAP_VERSION,
            Code.BATMAP_OFFSET,
            Code.BATMAP_SIZE,
            Code.BATMAP_CHECKSUM,
            Code.BATMAP_UNALLOCATED,
            Code.BATMAP_NOT_FULL);

    /** The BAT of a disk with so many blocks takes 64 MiB. */
    private static final long MAX_ENTRIES = 16 << 20;

    /**
     * What a repair of the batmap means for the footers.
     *
     * @param givenUp whether they must not promise a batmap any more
     * @param end where the batmap ends; 0 if it stays where it is
     */
    record Outcome(boolean givenUp, long end) {
        static final Outcome UNCHANGED = new Outcome(false, 0);
    }

    private static final String WHY = "the batmap is made anew from the sector bitmaps";

    private final RawImage image;
    private final Findings findings;
    private final ChangeList changes;
    private final List<Advice> leftAlone;

    BatmapRepair(RawImage image, Findings findings, ChangeList changes, List<Advice> leftAlone) {
        this.image = image;
        this.findings = findings;
        this.changes = changes;
        this.leftAlone = leftAlone;
    }

    /**
     * Adds the changes for an image that has a BAT.
     *
     * @param tableChanges whether blocks are given up, which the batmap may know
     * @return what follows for the footers
     */
    Outcome plan(boolean tableChanges) throws IOException {
        RawBatmap old = image.batmap();
        if (CODES.stream().noneMatch(findings::has) && !(tableChanges && old != null)) {
            return Outcome.UNCHANGED;
        }
        boolean confused = findings.has(Code.BLOCK_OVERLAP)
                || findings.has(Code.BLOCK_IN_METADATA)
                || image.sparseHeader().maxEntries() > MAX_ENTRIES;
        if (confused) {
            leftAlone.add(Advice.of("the batmap is wrong, but the BAT cannot be trusted to make it anew"));
            return Outcome.UNCHANGED;
        }
        long headerOffset = image.sparseHeader().tableEnd();
        boolean stays = old != null && isPlaceGood(old);
        long mapOffset = old != null && stays ? old.mapOffset() : headerOffset + RawBatmap.SIZE;
        long mapBytes = old != null && stays ? old.mapBytes() : neededBytes();
        if (isTaken(headerOffset, headerOffset + RawBatmap.SIZE) || isTaken(mapOffset, mapOffset + mapBytes)) {
            return giveUp(old);
        }
        ByteBuffer map = fromBitmaps((int) mapBytes);
        changes.replace(Change.Step.METADATA, mapOffset, map, WHY);
        changes.replace(Change.Step.METADATA, headerOffset, header(old, mapOffset, map), WHY);
        return new Outcome(false, Math.max(headerOffset + RawBatmap.SIZE, mapOffset + mapBytes));
    }

    private boolean isPlaceGood(RawBatmap batmap) {
        return batmap.isWithin(image.dataLimit())
                && batmap.mapBytes() * 8 >= image.sparseHeader().maxEntries()
                && batmap.mapBytes() <= MAX_ENTRIES;
    }

    private long neededBytes() {
        return Math.max(
                SparseLayout.SECTOR,
                SparseLayout.roundUp((image.sparseHeader().maxEntries() + 7) / 8, SparseLayout.SECTOR));
    }

    /** A batmap whose cookie is still there counts for version 1.1 too, so the version alone would not do. */
    private Outcome giveUp(@Nullable RawBatmap old) {
        if (old != null) {
            leftAlone.add(Advice.of("the batmap is wrong, and there is no room to make it anew"));
            return Outcome.UNCHANGED;
        }
        return new Outcome(true, 0);
    }

    /** Whether something else than the batmap stands in a range, or the file ends in it. */
    private boolean isTaken(long start, long end) throws IOException {
        if (end > image.dataLimit()) {
            return true;
        }
        for (RawImage.Region region : image.locatorPayloads()) {
            if (region.overlaps(start, end)) {
                return true;
            }
        }
        RawHeader header = image.sparseHeader();
        if (header.offset() < end && start < header.offset() + RawHeader.SIZE) {
            return true;
        }
        Window table = image.table();
        for (long block = 0; block < image.entries(); block++) {
            int entry = table.entry(block);
            long blockStart = RawImage.blockStart(entry);
            if (entry != SparseLayout.UNALLOCATED && blockStart < end && start < blockStart + image.blockBytes()) {
                return true;
            }
        }
        return false;
    }

    private ByteBuffer fromBitmaps(int bytes) throws IOException {
        ByteBuffer map = ByteBuffer.allocate(bytes);
        Window table = image.table();
        for (long block = 0; block < image.blocks(); block++) {
            int entry = table.entry(block);
            if (entry != SparseLayout.UNALLOCATED && !TableRepair.isPastEnd(image, entry) && isFull(entry)) {
                int at = (int) (block / 8);
                map.put(at, (byte) (map.get(at) | 0x80 >> block % 8));
            }
        }
        return map;
    }

    private boolean isFull(int entry) throws IOException {
        ByteBuffer bitmap = RawImage.read(image.file(), RawImage.blockStart(entry), image.bitmapBytes());
        for (int i = 0; i < image.sectorsPerBlock() / 8; i++) {
            if (bitmap.get(i) != -1) {
                return false;
            }
        }
        return true;
    }

    /** The marker and the key hash are kept if there are any. */
    private ByteBuffer header(@Nullable RawBatmap old, long mapOffset, ByteBuffer map) {
        ByteBuffer header = old == null
                ? Batmap.of(mapOffset - RawBatmap.SIZE, map.capacity(), 0).encode()
                : ByteBuffer.allocate(RawBatmap.SIZE)
                        .put(old.bytes().duplicate().clear())
                        .rewind();
        header.order(BIG_ENDIAN);
        header.putLong(RawBatmap.MAP_OFFSET, mapOffset);
        header.putInt(RawBatmap.SECTORS, map.capacity() / SparseLayout.SECTOR);
        header.putInt(RawBatmap.VERSION, RawBatmap.VERSION_1_2);
        int checked = Batmap.checkedBytes(image.sparseFooter().currentSize());
        header.putInt(RawBatmap.CHECKSUM, Batmap.checksum(map, checked));
        return header;
    }
}
