package io.catena.check.undo;

import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A file as it will be with some of its bytes replaced, and another size. Read-only; closes nothing. */
public final class PatchedView implements BlockFile {
    private final BlockFile file;
    private final long size;
    private final List<Patch> patches;

    /** Bytes that stand in a place of the file. */
    private record Patch(long offset, ByteBuffer bytes) {}

    private PatchedView(BlockFile file, long size, List<Patch> patches) {
        this.file = file;
        this.size = size;
        this.patches = patches;
    }

    /** Returns the file without what an interrupted repair has done to it. */
    public static PatchedView undone(BlockFile file, UndoFile undo) {
        List<Patch> patches = new ArrayList<>();
        undo.ranges().forEach(range -> patches.add(new Patch(range.offset(), range.before())));
        return new PatchedView(file, undo.sizeBefore(), patches);
    }

    /** Returns the file as a repair will leave it. */
    public static PatchedView repaired(BlockFile file, List<Change> changes, long sizeAfter) {
        List<Patch> patches = new ArrayList<>();
        changes.forEach(change -> patches.add(new Patch(change.offset(), change.after())));
        return new PatchedView(file, sizeAfter, patches);
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        int start = target.position();
        int count = (int) Math.max(0, Math.min(target.remaining(), size - offset));
        ByteBuffer part = target.slice(start, count);
        file.read(offset, part);
        while (part.hasRemaining()) {
            part.put((byte) 0);
        }
        for (Patch patch : patches) {
            overlay(patch, offset, part);
        }
        target.position(start + count);
    }

    private static void overlay(Patch patch, long offset, ByteBuffer part) {
        ByteBuffer bytes = patch.bytes();
        long from = Math.max(offset, patch.offset());
        long to = Math.min(offset + part.capacity(), patch.offset() + bytes.remaining());
        if (from < to) {
            int length = (int) (to - from);
            int index = bytes.position() + (int) (from - patch.offset());
            part.put((int) (from - offset), bytes, index, length);
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        throw new UnsupportedOperationException("a view for planning");
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void truncate(long newSize) {
        throw new UnsupportedOperationException("a view for planning");
    }

    @Override
    public void sync() {
        throw new UnsupportedOperationException("a view for planning");
    }

    @Override
    public String name() {
        return file.name();
    }

    @Override
    public void close() {
        // The file belongs to whoever opened it.
    }
}
