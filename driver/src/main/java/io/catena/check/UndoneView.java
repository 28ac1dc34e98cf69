package io.catena.check;

import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file as it will be when an interrupted repair has been taken back. Read-only; closes nothing. */
final class UndoneView implements BlockFile {
    private final BlockFile file;
    private final UndoFile undo;

    UndoneView(BlockFile file, UndoFile undo) {
        this.file = file;
        this.undo = undo;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        int start = target.position();
        int count = (int) Math.max(0, Math.min(target.remaining(), undo.sizeBefore() - offset));
        ByteBuffer part = target.slice(start, count);
        file.read(offset, part);
        for (Change range : undo.ranges()) {
            overlay(range, offset, part);
        }
        target.position(start + count);
    }

    private static void overlay(Change range, long offset, ByteBuffer part) {
        ByteBuffer before = range.before();
        long from = Math.max(offset, range.offset());
        long to = Math.min(offset + part.capacity(), range.offset() + before.remaining());
        if (from < to) {
            int length = (int) (to - from);
            part.put((int) (from - offset), before, (int) (from - range.offset()), length);
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        throw new UnsupportedOperationException("a view for planning");
    }

    @Override
    public long size() {
        return undo.sizeBefore();
    }

    @Override
    public void truncate(long size) {
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
