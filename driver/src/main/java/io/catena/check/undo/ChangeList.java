package io.catena.check.undo;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects the changes to a file; only sectors that really change are in it. */
public final class ChangeList {
    private final BlockFile file;
    private final long size;
    private final List<Change> changes = new ArrayList<>();

    public ChangeList(BlockFile file) throws IOException {
        this.file = file;
        this.size = file.size();
    }

    /**
     * Adds what is different in {@code after}, which is to stand at {@code offset}.
     *
     * @param reasons may end with a semicolon
     */
    public void replace(Change.Step step, long offset, ByteBuffer after, String reasons) throws IOException {
        String why = reasons.endsWith(";") ? reasons.substring(0, reasons.length() - 1) : reasons;
        ByteBuffer before = existing(offset, after.remaining());
        int length = after.remaining();
        int from = 0;
        while (from < length) {
            int start = from;
            while (start < length && isSame(before, after, start, pieceEnd(offset, start, length))) {
                start = pieceEnd(offset, start, length);
            }
            int end = start;
            while (end < length && !isSame(before, after, end, pieceEnd(offset, end, length))) {
                end = pieceEnd(offset, end, length);
            }
            if (end > start) {
                int old = Math.max(0, Math.min(end, before.remaining()) - start);
                ByteBuffer oldBytes = before.slice(Math.min(start, before.remaining()), old);
                changes.add(new Change(step, offset + start, oldBytes, after.slice(start, end - start), why));
            }
            from = end;
        }
    }

    /** Adds that the file ends at {@code end}. */
    public void cutOff(Change.Step step, long end, String why) throws IOException {
        if (end < size) {
            ByteBuffer before = existing(end, Math.toIntExact(size - end));
            changes.add(new Change(step, end, before, ByteBuffer.allocate(0), why));
        }
    }

    /** Whether no two changes concern the same bytes, as they must not. */
    public boolean isSound() {
        List<Change> sorted = changes.stream()
                .sorted(Comparator.comparingLong(Change::offset))
                .toList();
        for (int i = 1; i < sorted.size(); i++) {
            Change previous = sorted.get(i - 1);
            if (previous.offset() + previous.length() > sorted.get(i).offset()) {
                return false;
            }
        }
        return true;
    }

    /** Returns the changes in the order of their steps. */
    public List<Change> all() {
        if (!isSound()) {
            throw new IllegalStateException(file.name() + ": two changes to the same bytes: " + changes);
        }
        return changes.stream().sorted(Comparator.comparing(Change::step)).toList();
    }

    private ByteBuffer existing(long offset, int length) throws IOException {
        int count = (int) Math.max(0, Math.min(length, size - offset));
        ByteBuffer bytes = ByteBuffer.allocate(count);
        file.readFully(offset, bytes);
        return bytes.flip();
    }

    /** Pieces end where sectors of the file do, since a disk writes those whole. */
    private static int pieceEnd(long offset, int index, int length) {
        long within = (offset + index) % SparseLayout.SECTOR;
        return (int) Math.min(length, index + SparseLayout.SECTOR - within);
    }

    private static boolean isSame(ByteBuffer before, ByteBuffer after, int from, int to) {
        return to <= before.remaining() && before.slice(from, to - from).mismatch(after.slice(from, to - from)) < 0;
    }
}
