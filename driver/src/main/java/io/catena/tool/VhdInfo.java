package io.catena.tool;

import io.catena.disk.ChainPath;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.FourChars;
import io.catena.format.VhdTime;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a VHD file says of itself.
 *
 * @param virtualSizeBytes size of the disk as a guest sees it
 * @param originalSizeBytes size when the disk was made
 * @param fileSizeBytes length of the file
 * @param blocks null for a fixed disk
 * @param parent null for a disk that needs none
 * @param chainDepth number of files that the disk consists of; null if not all can be found
 */
public record VhdInfo(
        String file,
        DiskType type,
        long virtualSizeBytes,
        long originalSizeBytes,
        long fileSizeBytes,
        UUID uniqueId,
        Instant created,
        Creator creator,
        Geometry geometry,
        boolean hidden,
        boolean savedState,
        FooterState footers,
        @Nullable BlockInfo blocks,
        @Nullable ParentInfo parent,
        @Nullable Integer chainDepth) {

    /**
     * The program that wrote the disk.
     *
     * @param application up to four characters
     * @param version for instance "1.3"
     */
    public record Creator(String application, String version, String hostOs) {}

    /** What the footer gives as the disk's shape. */
    public record Geometry(int cylinders, int heads, int sectorsPerTrack) {}

    /** Which of the two footers are good. */
    public enum FooterState {
        /** A fixed disk's only one is. */
        SINGLE,
        /** Both are, and alike. */
        BOTH,
        /** The one at the end is; its copy at the start is damaged or differs. */
        COPY_BAD,
        /** The copy at the start is; the one at the end is missing or damaged. */
        END_BAD
    }

    /**
     * Reads what a file says of itself, and looks for its ancestors.
     *
     * @throws io.catena.format.CorruptVhdException if the file is no valid VHD; damage of other files of the chain shows in
     *     {@link ParentInfo#problem} only
     */
    public static VhdInfo of(Storage storage, String name) throws IOException {
        ChainFile file = ChainFile.vhd(storage, name);
        VhdHeaders headers = Objects.requireNonNull(file.headers(), "headers");
        DynamicHeader header = headers.header();
        try (BlockFile bytes = storage.openReadOnly(name)) {
            Footer footer = headers.footer();
            ParentInfo parent = headers.isDifferencing() ? ParentInfo.of(storage, file, bytes) : null;
            return new VhdInfo(
                    name,
                    footer.type(),
                    footer.currentSize(),
                    footer.originalSize(),
                    bytes.size(),
                    footer.uniqueId(),
                    VhdTime.toInstant(footer.timestamp()),
                    creator(footer.creator()),
                    geometry(footer.geometry()),
                    footer.hidden(),
                    footer.savedState(),
                    footers(headers),
                    header == null ? null : BlockInfo.of(bytes, footer, header),
                    parent,
                    parent != null && parent.problem() != null
                            ? null
                            : ChainPath.of(storage, file).size());
        }
    }

    private static FooterState footers(VhdHeaders headers) {
        if (headers.header() == null) {
            return FooterState.SINGLE;
        }
        if (headers.trailingFooterOffset() < 0) {
            return FooterState.END_BAD;
        }
        return headers.validCopy() ? FooterState.BOTH : FooterState.COPY_BAD;
    }

    private static Creator creator(Footer.Creator creator) {
        int version = creator.version();
        return new Creator(
                FourChars.of(creator.application()),
                (version >>> 16) + "." + (version & 0xffff),
                FourChars.of(creator.hostOs()));
    }

    private static Geometry geometry(int packed) {
        return new Geometry(packed >>> 16, packed >>> 8 & 0xff, packed & 0xff);
    }
}
