package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.format.Footer;
import io.catena.vhd.VhdCreator;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * A disk that is to be made.
 *
 * @param sizeBytes what it will have; {@code spec} gives the least
 */
public record NewVdi(VdiId id, VdiSpec spec, long sizeBytes) {
    private static final int SECTOR = 512;

    /**
     * Completes a specification.
     *
     * @throws SrException with {@link SrError#VDI_SIZE} if there are no disks of that size
     */
    public static NewVdi of(VdiSpec spec, Supplier<UUID> uuids) {
        long size = spec.raw() ? spec.sizeBytes() : VhdCreator.roundedSize(spec.sizeBytes());
        checkSize(spec, size);
        VdiId id = Objects.requireNonNullElseGet(spec.id(), () -> new VdiId(uuids.get()));
        return new NewVdi(id, spec, size);
    }

    private static void checkSize(VdiSpec spec, long size) {
        if (spec.sizeBytes() <= 0 || size % SECTOR != 0) {
            throw new SrException(SrError.VDI_SIZE, "A disk of " + spec.sizeBytes() + " bytes cannot be made")
                    .correction("Give a positive number of bytes, for a raw disk a multiple of 512.");
        }
        if (!spec.raw() && size > Footer.MAX_DISK_BYTES) {
            throw new SrException(
                            SrError.VDI_SIZE,
                            "A disk of " + spec.sizeBytes() + " bytes cannot be made: VHD disks have at most "
                                    + Footer.MAX_DISK_BYTES + " (2040 GiB)")
                    .correction("Use several disks, or a raw one (--raw).");
        }
    }

    /** Returns the ending of the file's name. */
    String suffix() {
        return spec.raw() ? ".raw" : ".vhd";
    }

    /** Returns the file's name. */
    String file() {
        return id + suffix();
    }
}
