package io.catena.op.rewrite;

import io.catena.format.DynamicHeader;
import io.catena.format.FourChars;
import io.catena.format.ParentLocator;
import io.catena.format.SparseLayout;
import io.catena.format.UnsupportedVhdException;
import io.catena.op.Bytes;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A disk's locators as they are: those behind the BAT move with what stands there, their paths unchanged. */
final class KeptLocators implements Locators {
    private static final int MAX_ROOM_BYTES = 64 << 10;

    private final List<Kept> locators;

    private KeptLocators(List<Kept> locators) {
        this.locators = locators;
    }

    /**
     * A locator.
     *
     * @param path what stands in its room; empty if it does not move
     */
    private record Kept(ParentLocator locator, ByteBuffer path) {
        boolean moves() {
            return path.hasRemaining();
        }
    }

    /** Reads the paths. */
    static KeptLocators read(BlockFile file, DynamicHeader header) throws IOException {
        List<Kept> kept = new ArrayList<>();
        for (ParentLocator locator : header.locators()) {
            boolean moves = locator.platform() != ParentLocator.NONE && locator.dataOffset() >= header.tableOffset();
            ByteBuffer path = ByteBuffer.allocate(moves ? room(file, locator) : 0);
            file.read(locator.dataOffset() < 0 ? 0 : locator.dataOffset(), path);
            kept.add(new Kept(locator, path.clear()));
        }
        return new KeptLocators(kept);
    }

    /** A writer that gave its path no room that makes sense has at least said how long the path is. */
    private static int room(BlockFile file, ParentLocator locator) throws IOException {
        long room = locator.spaceBytes() > 0 && locator.spaceBytes() <= MAX_ROOM_BYTES
                ? locator.spaceBytes()
                : SparseLayout.roundUp(Integer.toUnsignedLong(locator.dataLength()), SparseLayout.SECTOR);
        if (room <= 0 || room > MAX_ROOM_BYTES) {
            throw new UnsupportedVhdException(
                    file.name(),
                    "its parent locator " + FourChars.of(locator.platform()) + " takes " + room
                            + " bytes, expected 1 to " + MAX_ROOM_BYTES + "; give it a parent anew first");
        }
        return (int) room;
    }

    @Override
    public Laid layOut(DynamicHeader header, long headerOffset, long offset) {
        List<Bytes> patches = new ArrayList<>();
        List<ParentLocator> placed = new ArrayList<>();
        long next = offset;
        for (Kept kept : locators) {
            if (!kept.moves()) {
                placed.add(kept.locator());
                continue;
            }
            patches.add(Bytes.of(next, kept.path()));
            placed.add(moved(kept, next));
            next += kept.path().remaining();
        }
        DynamicHeader changed = header.withTable(header.maxEntries(), placed);
        patches.add(Bytes.of(headerOffset, changed.encode()));
        return new Laid(patches, next);
    }

    private static ParentLocator moved(Kept kept, long offset) {
        ParentLocator old = kept.locator();
        int space = old.spaceBytes() == kept.path().remaining()
                ? old.dataSpace()
                : kept.path().remaining();
        return new ParentLocator(old.platform(), space, old.dataLength(), offset);
    }
}
