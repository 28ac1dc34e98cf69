package io.catena.tool;

import io.catena.disk.ChainPath;
import io.catena.format.DynamicHeader;
import io.catena.format.FourChars;
import io.catena.format.ParentLocator;
import io.catena.format.VhdTime;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a differencing disk says of its parent, and what is there.
 *
 * @param id unique id that the parent must have; all zeros if it is raw
 * @param timestamp when the parent was last changed before the disk was made
 * @param file where the parent was found; null if it was not
 * @param problem why the chain cannot be followed to its end; null if it can
 */
public record ParentInfo(
        UUID id,
        String name,
        Instant timestamp,
        boolean raw,
        List<Locator> locators,
        @Nullable String file,
        @Nullable String problem) {

    /**
     * A parent locator.
     *
     * @param platform the platform code's four characters
     * @param path null if the locator cannot be read
     */
    public record Locator(
            String platform,
            long offset,
            long spaceBytes,
            int lengthBytes,
            @Nullable String path) {}

    /** Reads the link and follows it. */
    static ParentInfo of(Storage storage, ChainFile child, BlockFile bytes) throws IOException {
        VhdHeaders headers = Objects.requireNonNull(child.headers(), "headers");
        DynamicHeader header = Objects.requireNonNull(headers.header(), "header");
        String file = null;
        String problem = null;
        try {
            file = ChainPath.of(storage, child).get(1).name();
        } catch (IOException e) {
            problem = e.getMessage();
        }
        return new ParentInfo(
                header.parentId(),
                header.parentName(),
                VhdTime.toInstant(header.parentTimestamp()),
                headers.hasRawParent(),
                locators(header, bytes),
                file,
                problem);
    }

    private static List<Locator> locators(DynamicHeader header, BlockFile bytes) throws IOException {
        List<Locator> locators = new ArrayList<>();
        for (ParentLocator locator : header.locators()) {
            if (locator.platform() != ParentLocator.NONE) {
                locators.add(new Locator(
                        FourChars.of(locator.platform()),
                        locator.dataOffset(),
                        locator.spaceBytes(),
                        locator.dataLength(),
                        path(locator, bytes)));
            }
        }
        return locators;
    }

    private static @Nullable String path(ParentLocator locator, BlockFile bytes) throws IOException {
        if (!locator.readable() || locator.dataOffset() > bytes.size() - locator.dataLength()) {
            return null;
        }
        ByteBuffer payload = ByteBuffer.allocate(locator.dataLength());
        bytes.readFully(locator.dataOffset(), payload);
        return locator.decodePath(payload.flip()).orElse(null);
    }
}
