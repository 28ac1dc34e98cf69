package io.catena.check.undo;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.check.finding.Findings;
import io.catena.check.raw.Zeros;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * What takes a repair back: a file beside the repaired one, called like it with ".undo" behind, that holds what each
 * changed range held before, and what it was to hold.
 *
 * <p>Integers are big-endian; the checksum is the CRC-32 of all bytes from 16 on.
 *
 * <pre>
 * offset  size  field
 *      0     8  cookie    "cat-undo"
 *      8     4  state     1 under way: the file holds a mixture; 2 done: the file is as repaired
 *     12     4  checksum
 *     16     8  size of the file before, in bytes
 *     24     8  size of the file after
 *     32     4  number of ranges; they follow:
 *               step (4), offset (8), bytes before (4), bytes after (4), the bytes before, the bytes after
 * </pre>
 *
 * <p>Steps are 0 for metadata, 1 for the footer that was written first, 2 for the other one. The state is in one sector, and is the only thing that changes after the file has its name.
 *
 * @param ranges what is replaced; the reasons are not kept
 */
public record UndoFile(boolean underWay, long sizeBefore, long sizeAfter, List<Change> ranges) {
    private static final String SUFFIX = ".undo";
    private static final long COOKIE = 0x6361742d756e646fL; // "cat-undo"
    private static final int STATE_OFFSET = 8;
    private static final int UNDER_WAY = 1;
    private static final int DONE = 2;
    private static final int CHECKED_FROM = 16;
    private static final int HEADER_BYTES = 36;
    private static final int RANGE_BYTES = 20;
    private static final int MAX_BYTES = 512 << 20;

    public UndoFile {
        ranges = List.copyOf(ranges);
    }

    /** Returns the name of the undo file of {@code file}. */
    public static String nameFor(String file) {
        return file + SUFFIX;
    }

    /**
     * Reads the undo file of {@code file}; empty if there is none.
     *
     * @throws IOException if it is damaged
     */
    public static Optional<UndoFile> read(Storage storage, String file) throws IOException {
        String name = nameFor(file);
        try (BlockFile undo = storage.openReadOnly(name)) {
            if (undo.size() < HEADER_BYTES || undo.size() > MAX_BYTES) {
                throw damaged(name, undo.size() + " bytes, expected " + HEADER_BYTES + " to " + MAX_BYTES);
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) undo.size()).order(BIG_ENDIAN);
            undo.readFully(0, bytes);
            return Optional.of(decode(bytes.flip(), name));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static UndoFile decode(ByteBuffer in, String name) throws IOException {
        if (in.getLong() != COOKIE) {
            throw damaged(name, "no cookie \"cat-undo\" at byte 0");
        }
        int state = in.getInt();
        int checksum = in.getInt();
        if (checksum != checksum(in) || (state != UNDER_WAY && state != DONE)) {
            throw damaged(
                    name,
                    "state " + state + " and checksum " + Findings.hex(checksum) + ", expected 1 or 2 and "
                            + Findings.hex(checksum(in)));
        }
        long sizeBefore = in.getLong();
        long sizeAfter = in.getLong();
        int count = in.getInt();
        if (sizeBefore < 0 || sizeAfter < 0) {
            throw damaged(name, "sizes of " + sizeBefore + " and " + sizeAfter + " bytes");
        }
        List<Change> ranges = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (in.remaining() < RANGE_BYTES) {
                throw damaged(name, i + " ranges, expected " + count);
            }
            int step = in.getInt();
            long offset = in.getLong();
            int before = in.getInt();
            int after = in.getInt();
            boolean lies = offset < 0 || offset > Math.max(sizeBefore, sizeAfter) || before < 0 || after < 0;
            if (lies || (long) before + after > in.remaining()) {
                throw damaged(name, "a range of " + before + " and " + after + " bytes at byte " + offset);
            }
            ranges.add(new Change(stepOf(step, name), offset, take(in, before), take(in, after), ""));
        }
        return new UndoFile(state == UNDER_WAY, sizeBefore, sizeAfter, ranges);
    }

    private static Change.Step stepOf(int code, String name) throws IOException {
        for (Change.Step step : Change.Step.values()) {
            if (step.code() == code) {
                return step;
            }
        }
        throw damaged(name, "step " + code);
    }

    private static ByteBuffer take(ByteBuffer in, int count) {
        ByteBuffer taken = in.slice(in.position(), count);
        in.position(in.position() + count);
        return taken;
    }

    /**
     * Makes the undo file of {@code file}, or replaces the one that is there. Durable when this returns.
     *
     * <ol>
     *   <li>Write it under another name and sync: its own name must never show half of it.
     *   <li>Rename, sync the names.
     * </ol>
     */
    public void write(Storage storage, String file) throws IOException {
        String name = nameFor(file);
        String fresh = name + ".new";
        storage.delete(fresh);
        try (BlockFile undo = storage.create(fresh)) {
            undo.write(0, encode());
            undo.sync();
        }
        storage.rename(fresh, name);
        storage.syncNames();
    }

    private ByteBuffer encode() {
        int length = HEADER_BYTES;
        for (Change range : ranges) {
            length += RANGE_BYTES + range.before().remaining() + range.after().remaining();
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(BIG_ENDIAN);
        out.putLong(COOKIE).putInt(underWay ? UNDER_WAY : DONE).putInt(0);
        out.putLong(sizeBefore).putLong(sizeAfter).putInt(ranges.size());
        for (Change range : ranges) {
            out.putInt(range.step().code()).putLong(range.offset());
            out.putInt(range.before().remaining()).putInt(range.after().remaining());
            out.put(range.before()).put(range.after());
        }
        return out.flip().putInt(STATE_OFFSET + Integer.BYTES, checksum(out));
    }

    /** Notes durably whether the file holds a mixture. */
    public static void mark(Storage storage, String file, boolean underWay) throws IOException {
        try (BlockFile undo = storage.open(nameFor(file))) {
            ByteBuffer state = ByteBuffer.allocate(Integer.BYTES).order(BIG_ENDIAN);
            undo.write(STATE_OFFSET, state.putInt(underWay ? UNDER_WAY : DONE).flip());
            undo.sync();
        }
    }

    public static void delete(Storage storage, String file) throws IOException {
        storage.delete(nameFor(file));
        storage.syncNames();
    }

    /**
     * Makes a file what it was before. May be repeated, and interrupted anywhere.
     *
     * <ol>
     *   <li>Make sure that nobody else has changed the file; nothing was written until here.
     *   <li>Put back what the repair wrote last first, and sync after each step: where the old footers disabled the disk, it
     *       is disabled again before its data changes.
     *   <li>The size goes with the step of the footer at the end.
     * </ol>
     *
     * @throws IOException if somebody else has changed what the repair changed
     */
    public void takeBack(BlockFile file) throws IOException {
        for (Change range : ranges) {
            checkUntouched(file, range);
        }
        takeBack(file, Change.Step.SECOND_FOOTER);
        takeBack(file, Change.Step.FIRST_FOOTER);
        takeBack(file, Change.Step.METADATA);
    }

    private void takeBack(BlockFile file, Change.Step step) throws IOException {
        for (Change range : ranges) {
            if (range.step() == step) {
                file.write(range.offset(), range.before());
            }
        }
        if (step == Change.Step.FIRST_FOOTER) {
            file.truncate(sizeBefore);
        }
        file.sync();
    }

    /** Each sector must be as before, or as after; where the file grew or was cut off, a power cut may leave zeros. */
    private void checkUntouched(BlockFile file, Change range) throws IOException {
        ByteBuffer now = ByteBuffer.allocate(range.length());
        file.read(range.offset(), now);
        now.flip();
        long alwaysThere = Math.min(sizeBefore, sizeAfter);
        int from = 0;
        while (from < now.remaining()) {
            long at = range.offset() + from;
            int to = (int) Math.min(now.remaining(), from + SparseLayout.SECTOR - at % SparseLayout.SECTOR);
            boolean known = matches(now, range.before(), from, to)
                    || matches(now, range.after(), from, to)
                    || (at >= alwaysThere && Zeros.firstOther(now, from, to) < 0);
            if (!known) {
                throw new IOException(file.name() + ": byte " + at + " is neither as before the repair nor as after it:"
                        + " another program has changed the file since; remove " + nameFor(file.name())
                        + " if the file is as it should be");
            }
            from = to;
        }
    }

    private static boolean matches(ByteBuffer now, ByteBuffer other, int from, int to) {
        int end = Math.min(to, other.remaining());
        return end > from && now.slice(from, end - from).mismatch(other.slice(from, end - from)) < 0;
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes.duplicate().position(CHECKED_FROM));
        return (int) crc.getValue();
    }

    private static IOException damaged(String name, String found) {
        return new IOException(name + " cannot be used to take the repair back: " + found);
    }
}
