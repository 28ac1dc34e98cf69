package io.catena.check;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;

/** Puts right what can be put right in a dynamic header whose checksum is good. */
final class HeaderRepair {
    private static final Set<Code> LOCATOR_CODES = EnumSet.of(
            Code.PARENT_NAME,
            Code.LOCATOR_PLATFORM,
            Code.LOCATOR_NOT_EMPTY,
            Code.LOCATOR_OFFSET,
            Code.LOCATOR_SPACE,
            Code.LOCATOR_LENGTH,
            Code.LOCATOR_PAST_END,
            Code.LOCATOR_RESERVED,
            Code.LOCATOR_DUPLICATE,
            Code.LOCATOR_UNREADABLE,
            Code.LOCATOR_NAME);

    private final RawImage image;
    private final Findings findings;

    HeaderRepair(RawImage image, Findings findings) {
        this.image = image;
        this.findings = findings;
    }

    /**
     * Adds the changes; returns the image with the header that it will have.
     *
     * @param metadataEnd where metadata ends that is yet to be written
     */
    RawImage plan(LocatorRepair locators, LocatorWriter writer, long metadataEnd, ChangeList changes)
            throws IOException {
        RawHeader header = image.sparseHeader();
        ByteBuffer fixed = ByteBuffer.allocate(RawHeader.SIZE)
                .put(header.bytes().duplicate().clear())
                .rewind();
        RawImage repaired = image.withHeader(new RawHeader(header.offset(), fixed));
        StringBuilder why = new StringBuilder();
        if (findings.has(Code.HEADER_DATA_OFFSET) || findings.has(Code.HEADER_DATA_OFFSET_OLD_QEMU)) {
            fixed.putLong(RawHeader.DATA_OFFSET, -1);
            why.append(" the data offset is not all ones;");
        }
        if (findings.has(Code.HEADER_RESERVED)) {
            fixed.putInt(RawHeader.RESERVED_1, 0);
            fixed.put(RawHeader.RESERVED_2, new byte[RawHeader.SIZE - RawHeader.RESERVED_2]);
            why.append(" reserved bytes are not zero;");
        }
        boolean written = LocatorWriter.canWrite(image) && writer.plan(image, fixed, metadataEnd, changes, why);
        if (!written && LOCATOR_CODES.stream().anyMatch(findings::has)) {
            locators.fix(repaired, why);
        }
        if (why.length() > 0) {
            fixed.putInt(RawHeader.CHECKSUM, repaired.sparseHeader().computedChecksum());
            changes.replace(
                    Change.Step.METADATA, header.offset(), fixed, why.toString().strip());
        }
        return repaired;
    }
}
