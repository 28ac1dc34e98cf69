package io.catena.vhd;

import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.ParentLocator;
import io.catena.format.SparseLayout;
import io.catena.format.VhdTime;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a differencing disk writes down about its parent.
 *
 * @param id unique id in the parent's footer, or {@link DynamicHeader#NO_ID} for a raw parent
 * @param timestamp when the parent was last changed, as {@link VhdTime} counts
 * @param path the parent's path relative to the child's directory
 */
public record ParentLink(UUID id, int timestamp, String path) {
    /** The locators that blktap writes, in its order; all of them hold the relative path. */
    static final List<Integer> PLATFORMS = List.of(ParentLocator.MACX, ParentLocator.W2KU, ParentLocator.W2RU);

    /** Bytes to be written at an offset of a file. */
    public record Patch(long offset, ByteBuffer bytes) {
        /** Writes the bytes. */
        public void apply(BlockFile file) throws IOException {
            file.write(offset, bytes.duplicate());
        }
    }

    /** Returns the link from {@code child} to {@code parent}, both names on {@code storage}. */
    public static ParentLink of(Storage storage, String child, String parent, UUID parentId) throws IOException {
        long modified = storage.info(parent).modifiedEpochSeconds();
        return new ParentLink(parentId, VhdTime.fromEpochSeconds(modified), relativePath(child, parent));
    }

    /** Returns the path of {@code parent} as seen from the directory that holds {@code child}. */
    static String relativePath(String child, String parent) {
        if (parent.startsWith("/")) {
            return parent;
        }
        int lastSlash = child.lastIndexOf('/');
        Path directory = Path.of(lastSlash < 0 ? "" : child.substring(0, lastSlash));
        return directory.relativize(Path.of(parent)).toString();
    }

    /** Returns the last part of the path. */
    String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** Returns the header that links to this parent, and its locators' payloads, which stand from {@code offset} on. */
    public List<Patch> layOut(DynamicHeader header, long headerOffset, long offset) {
        List<ParentLocator> locators = new ArrayList<>();
        List<Patch> patches = new ArrayList<>();
        for (int platform : PLATFORMS) {
            byte[] payload = ParentLocator.encodePath(platform, path);
            int space = (int) SparseLayout.roundUp(payload.length, SparseLayout.SECTOR);
            locators.add(new ParentLocator(platform, space, payload.length, offset));
            patches.add(
                    new Patch(offset, ByteBuffer.allocate(space).put(payload).rewind()));
            offset += space;
        }
        patches.add(new Patch(headerOffset, linked(header, locators).encode()));
        return patches;
    }

    /**
     * Returns what must be written to a disk to link it to this parent instead of its present one. Locators stay where
     * they are; one whose room is too small is given up, as long as another is left.
     *
     * @throws IOException if no locator has room for the path
     */
    public List<Patch> replaceIn(VhdHeaders headers, String file) throws IOException {
        return tryReplaceIn(headers)
                .orElseThrow(() -> new IOException(file + ": no parent locator has room for \"" + path + "\""));
    }

    /** As {@link #replaceIn}; empty if no locator has room for the path. */
    public Optional<List<Patch>> tryReplaceIn(VhdHeaders headers) {
        DynamicHeader header = headers.sparseHeader();
        List<ParentLocator> locators = new ArrayList<>();
        List<Patch> patches = new ArrayList<>();
        for (ParentLocator old : header.locators()) {
            byte[] payload = ParentLocator.encodePath(old.platform(), path);
            boolean fits = old.readable() && payload.length <= old.spaceBytes();
            if (!fits) {
                continue;
            }
            locators.add(new ParentLocator(old.platform(), old.dataSpace(), payload.length, old.dataOffset()));
            patches.add(new Patch(
                    old.dataOffset(),
                    ByteBuffer.allocate((int) SparseLayout.roundUp(payload.length, SparseLayout.SECTOR))
                            .put(payload)
                            .rewind()));
        }
        if (locators.isEmpty()) {
            return Optional.empty();
        }
        patches.add(new Patch(
                headers.footer().dataOffset(), linked(header, locators).encode()));
        return Optional.of(patches);
    }

    /**
     * Returns what must be written to a differencing disk that holds all of its content itself, so that it needs no parent
     * any more.
     */
    public static List<Patch> removeFrom(VhdHeaders headers) {
        Footer footer = headers.footer().withType(DiskType.DYNAMIC);
        List<Patch> patches = new ArrayList<>();
        patches.add(new Patch(
                footer.dataOffset(),
                headers.sparseHeader()
                        .withParent(
                                DynamicHeader.NO_ID,
                                0,
                                "",
                                Collections.nCopies(DynamicHeader.LOCATORS, ParentLocator.EMPTY))
                        .encode()));
        patches.add(new Patch(0, footer.encode()));
        if (headers.trailingFooterOffset() > 0) {
            patches.add(new Patch(headers.trailingFooterOffset(), footer.encode()));
        }
        return patches;
    }

    private DynamicHeader linked(DynamicHeader header, List<ParentLocator> locators) {
        while (locators.size() < DynamicHeader.LOCATORS) {
            locators.add(ParentLocator.EMPTY);
        }
        return header.withParent(id, timestamp, name(), locators);
    }
}
