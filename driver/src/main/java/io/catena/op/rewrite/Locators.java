package io.catena.op.rewrite;

import io.catena.format.DynamicHeader;
import io.catena.op.Bytes;
import java.util.List;

/** The parent locators of a disk whose headers are being rewritten, wherever they will stand. */
@FunctionalInterface
interface Locators {
    /**
     * Lays the locators' paths out from {@code offset} on.
     *
     * @param header the header to come, but for its locators
     * @param headerOffset where it stands
     */
    Laid layOut(DynamicHeader header, long headerOffset, long offset);

    /**
     * Locators in their places.
     *
     * @param patches the paths, and the header that points to them
     * @param end where the last path ends
     */
    record Laid(List<Bytes> patches, long end) {}
}
