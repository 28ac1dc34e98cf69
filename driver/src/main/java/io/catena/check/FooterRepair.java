package io.catena.check;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawImage;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import io.catena.format.Geometry;
import io.catena.format.SparseLayout;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/** Restores the footer and its copy from each other, at the right place, with values that can be put right. */
final class FooterRepair {
    private static final int RESERVED_FEATURE = 2;
    private static final int TAP_WITHOUT_BATMAP = 0x0001_0001;

    private final RawImage image;
    private final Findings findings;
    private final Supplier<UUID> ids;
    private final ChangeList changes;
    private final List<Advice> leftAlone;

    FooterRepair(RawImage image, Findings findings, Supplier<UUID> ids, ChangeList changes, List<Advice> leftAlone) {
        this.image = image;
        this.findings = findings;
        this.ids = ids;
        this.changes = changes;
        this.leftAlone = leftAlone;
    }

    /**
     * Adds the changes.
     *
     * @param batmap what becomes of the batmap
     * @return the size that the file will have
     */
    long plan(BatmapRepair.Outcome batmap) throws IOException {
        RawFooter source = image.sparseFooter();
        StringBuilder why = new StringBuilder();
        ByteBuffer fixed = fix(source, batmap.givenUp(), why);
        long place = place(batmap.end());
        if (place < 0) {
            return image.size();
        }
        boolean trailingFirst = !image.trailing().isIntact()
                || !source.isSparse()
                || image.copy().isIntact();
        boolean trailingChanges = isWanted(image.trailing(), place, fixed);
        if (trailingChanges) {
            String reason = why + reasonOf(image.trailing(), place);
            changes.cutOff(step(trailingFirst), place + RawFooter.SIZE, "behind the last whole sector");
            changes.replace(step(trailingFirst), place, fixed, reason.strip());
        }
        if (source.isSparse() && isWanted(image.copy(), 0, fixed)) {
            String reason = why + reasonOf(image.copy(), 0);
            changes.replace(step(!trailingFirst), 0, fixed, reason.strip());
        }
        return trailingChanges ? place + RawFooter.SIZE : image.size();
    }

    private static Change.Step step(boolean first) {
        return first ? Change.Step.FIRST_FOOTER : Change.Step.SECOND_FOOTER;
    }

    /** A footer that is good, or differs in what only old blktap leaves different, stays. */
    private boolean isWanted(RawFooter present, long place, ByteBuffer fixed) {
        boolean isThere = present.isIntact() && present.offset() == place;
        boolean equal = present.bytes().mismatch(fixed) < 0;
        boolean tolerated = !findings.has(Code.FOOTERS_DIFFER)
                && image.sparseFooter().bytes().mismatch(fixed) < 0;
        return !isThere || !(equal || tolerated);
    }

    private String reasonOf(RawFooter present, long place) {
        if (present.foreign()) {
            return " the file ends with a footer of another disk;";
        }
        if (!present.isIntact()) {
            return present.hasCookie() ? " its checksum is wrong;" : " it is lost;";
        }
        if (present.offset() != place) {
            return " it must end the last whole sector;";
        }
        return findings.has(Code.FOOTERS_DIFFER) ? " the footer and its copy differ;" : "";
    }

    private ByteBuffer fix(RawFooter source, boolean dropBatmap, StringBuilder why) {
        ByteBuffer fixed = source.copyOfBytes();
        if (findings.has(Code.FOOTER_RESERVED_FEATURE)) {
            fixed.putInt(RawFooter.FEATURES, fixed.getInt(RawFooter.FEATURES) | RESERVED_FEATURE);
            why.append(" the feature bit that must be set is clear;");
        }
        if (findings.has(Code.NULL_ID)) {
            UUID id = ids.get();
            fixed.putLong(RawFooter.UNIQUE_ID, id.getMostSignificantBits());
            fixed.putLong(RawFooter.UNIQUE_ID + Long.BYTES, id.getLeastSignificantBits());
            why.append(" the unique id is zero, a new one is ").append(id).append(';');
        }
        if (findings.has(Code.GEOMETRY_TOO_LARGE)) {
            fixed.putInt(RawFooter.GEOMETRY, Geometry.of(source.currentSize()));
            why.append(" the geometry is larger than the disk;");
        }
        if (findings.has(Code.FOOTER_RESERVED)) {
            fixed.put(RawFooter.RESERVED, new byte[RawFooter.SIZE - RawFooter.RESERVED]);
            why.append(" reserved bytes are not zero;");
        }
        if (dropBatmap) {
            fixed.putInt(RawFooter.CREATOR_VERSION, TAP_WITHOUT_BATMAP);
            why.append(" the batmap's place is taken, so the creator must not promise one;");
        }
        if (why.length() > 0) {
            fixed.putInt(RawFooter.CHECKSUM, new RawFooter(0, fixed).computedChecksum());
        }
        return fixed;
    }

    /** Returns where the footer at the end must stand, or -1 if that cannot be told. */
    private long place(long batmapEnd) throws IOException {
        long sectors = image.size() / SparseLayout.SECTOR * SparseLayout.SECTOR;
        if (image.trailing().isIntact()) {
            boolean unaligned = findings.has(Code.FILE_SIZE_UNALIGNED);
            return unaligned
                    ? sectorStart(image.trailing().offset())
                    : image.trailing().offset();
        }
        if (!image.hasTable() || findings.has(Code.TABLE_OFFSET)) {
            leftAlone.add(Advice.of("the footer at the end is lost, and without a BAT nobody knows where it belongs"));
            return -1;
        }
        if (VhdRepair.PAST_END.stream().anyMatch(findings::has)) {
            leftAlone.add(Advice.of(
                            "the footer at the end is lost, and blocks reach beyond the end of the file; give those up: ")
                    .then(Remedy.of(Verb.VHD_REPAIR, "FILE").with("dropEntriesPastEnd")));
            return -1;
        }
        long dataEnd = SparseLayout.roundUp(Math.max(batmapEnd, DataEnd.of(image)), SparseLayout.SECTOR);
        return dataEnd <= sectors - RawFooter.SIZE ? sectors - RawFooter.SIZE : dataEnd;
    }

    private static long sectorStart(long offset) {
        return offset / SparseLayout.SECTOR * SparseLayout.SECTOR;
    }
}
