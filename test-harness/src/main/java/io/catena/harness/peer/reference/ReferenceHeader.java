package io.catena.harness.peer.reference;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The fields of a dynamic disk header that reading needs.
 *
 * <p>Source: Microsoft, <i>Virtual Hard Disk Image Format Specification</i> 1.0, "Dynamic Disk Header Format". Big-endian.
 *
 * <pre>
 * offset  size  field
 *      0     8  cookie              "cxsparse"
 *     16     8  table offset        bytes to the block allocation table
 *     28     4  max table entries
 *     32     4  block size          bytes
 *     36     4  checksum
 *     40    16  parent unique id    all zero: the parent is a raw file
 *     64   512  parent name         UTF-16BE, zero padded
 *    576  8x24  parent locators     code (4), space (4), length in bytes (4), reserved (4), offset in bytes (8)
 * </pre>
 *
 * @param parentNames paths to the parent as stored, "/" between names, in the order in which they are to be tried
 */
record ReferenceHeader(
        long tableOffset, int tableEntries, int blockBytes, UUID parentUniqueId, List<String> parentNames) {
    static final UUID RAW_PARENT = new UUID(0, 0);

    private static final int SIZE = 1024;
    private static final int CHECKSUM_OFFSET = 36;
    private static final int MAX_PATH_BYTES = 64 * 1024;

    ReferenceHeader {
        parentNames = List.copyOf(parentNames);
    }

    static ReferenceHeader read(ReferenceBytes file, ReferenceFooter footer) throws IOException {
        ByteBuffer header = file.read(footer.headerOffset(), SIZE);
        if (!ReferenceBytes.text(header, 0, 8).equals("cxsparse")) {
            throw new IOException(file.name() + ": no \"cxsparse\" at offset " + footer.headerOffset());
        }
        if (ReferenceBytes.checksum(header, CHECKSUM_OFFSET) != header.getInt(CHECKSUM_OFFSET)) {
            throw new IOException(
                    file.name() + ": checksum of the dynamic header at " + footer.headerOffset() + " is wrong");
        }
        int blockBytes = header.getInt(32);
        if (blockBytes < ReferenceLayer.SECTOR_BYTES || Integer.bitCount(blockBytes) != 1) {
            throw new IOException(file.name() + ": block size is " + Integer.toUnsignedString(blockBytes)
                    + " bytes, not a power of two of at least 512");
        }
        long blocks = (footer.sizeBytes() + blockBytes - 1) / blockBytes;
        int entries = header.getInt(28);
        if (entries < blocks || entries < 0) {
            throw new IOException(file.name() + ": " + entries + " table entries for " + blocks + " blocks");
        }
        List<String> parentNames =
                footer.type() == ReferenceFooter.DIFFERENCING ? parentNames(file, header) : List.of();
        UUID parent = new UUID(header.getLong(40), header.getLong(48));
        return new ReferenceHeader(header.getLong(16), entries, blockBytes, parent, parentNames);
    }

    private static List<String> parentNames(ReferenceBytes file, ByteBuffer header) throws IOException {
        List<String> names = new ArrayList<>();
        for (int slot = 0; slot < 8; slot++) {
            int entry = 576 + 24 * slot;
            String code = ReferenceBytes.text(header, entry, 4);
            long offset = header.getLong(entry + 16);
            int length = header.getInt(entry + 8);
            boolean known = code.equals("MacX") || code.equals("W2ku") || code.equals("W2ru");
            boolean inFile = length > 0 && length <= MAX_PATH_BYTES && offset >= 0 && offset <= file.size() - length;
            if (known && inFile) {
                names.addAll(locatorName(code, file.read(offset, length)));
            }
        }
        String name = untilNul(ReferenceBytes.text(header, 64, 512, UTF_16BE)).replace('\\', '/');
        String baseName = name.substring(name.lastIndexOf('/') + 1);
        if (!baseName.isEmpty()) {
            names.add(baseName);
        }
        return names;
    }

    /** Returns the path that a locator holds, or nothing if it holds none. */
    private static List<String> locatorName(String code, ByteBuffer payload) {
        if (!code.equals("MacX")) {
            String path = untilNul(UTF_16LE.decode(payload).toString()).replace('\\', '/');
            return nonEmpty(path.matches("[A-Za-z]:.*") ? path.substring(2) : path);
        }
        // libvhd writes the path behind the scheme as it is: a percent sign is a percent sign.
        String url = untilNul(UTF_8.decode(payload).toString());
        return url.startsWith("file://") ? nonEmpty(url.substring("file://".length())) : List.of();
    }

    private static List<String> nonEmpty(String name) {
        return name.isEmpty() ? List.of() : List.of(name);
    }

    private static String untilNul(String text) {
        int nul = text.indexOf('\0');
        return nul < 0 ? text : text.substring(0, nul);
    }
}
