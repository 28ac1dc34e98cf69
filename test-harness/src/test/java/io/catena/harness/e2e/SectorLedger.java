package io.catena.harness.e2e;

import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Knows of each sector of a disk which write it has to show. Writes carry numbers, and their content tells the sector and
 * the number, so that a sector that is found tells which write it is from, or that it is torn, or another's.
 *
 * <p><b>Threads.</b> Several may write, if no two of them to the same sector; the rest is for one thread, after them.
 */
final class SectorLedger {
    static final int SECTOR = 512;

    private static final int PIECE_BYTES = 1 << 20;
    private static final int MAX_COMPLAINTS = 10;

    /** Number of the last write to a sector that was answered; 0 for a sector that was never written. */
    private final long[] answered;

    /** Number of the last write to a sector that was sent. */
    private final long[] sent;

    SectorLedger(long diskBytes) {
        this(new long[Math.toIntExact(diskBytes / SECTOR)], new long[Math.toIntExact(diskBytes / SECTOR)]);
    }

    private SectorLedger(long[] answered, long[] sent) {
        this.answered = answered;
        this.sent = sent;
    }

    /** What is known now, for comparing with a snapshot later. */
    SectorLedger copy() {
        return new SectorLedger(answered.clone(), sent.clone());
    }

    /** Reads a piece of a disk. */
    @FunctionalInterface
    interface Reading {
        byte[] read(long offset, int lengthBytes) throws IOException;
    }

    /** Writes sectors through a client; what it throws leaves it open whether they were written. */
    void write(NbdClient client, int first, int count, long number, boolean fua) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(count * SECTOR);
        for (int sector = first; sector < first + count; sector++) {
            sent[sector] = number;
            for (int i = 0; i < SECTOR / Long.BYTES; i += 2) {
                content.putLong(sector).putLong(number);
            }
        }
        if (fua) {
            client.writeFua((long) first * SECTOR, content.array());
        } else {
            client.write((long) first * SECTOR, content.array());
        }
        for (int sector = first; sector < first + count; sector++) {
            answered[sector] = number;
        }
    }

    /** Discards sectors, as {@link #write}; they count as never written then. */
    void trim(NbdClient client, int first, int count) throws IOException {
        Arrays.fill(sent, first, first + count, 0);
        client.trim((long) first * SECTOR, count * SECTOR);
        Arrays.fill(answered, first, first + count, 0);
    }

    /** Checks the whole disk. */
    void check(String what, Reading disk) throws IOException {
        check(what, disk, 0, (long) answered.length * SECTOR);
    }

    /**
     * Checks a part of a disk. A write that was sent and not answered may be seen or not; from now on that is settled.
     *
     * @throws AssertionError naming sectors that show neither the last answered write nor one that was sent after it
     */
    void check(String what, Reading disk, long offset, long lengthBytes) throws IOException {
        List<String> complaints = new ArrayList<>();
        for (long at = offset; at < offset + lengthBytes; at += PIECE_BYTES) {
            int length = (int) Math.min(PIECE_BYTES, offset + lengthBytes - at);
            ByteBuffer found = ByteBuffer.wrap(disk.read(at, length));
            for (int sector = (int) (at / SECTOR); found.hasRemaining(); sector++) {
                settle(sector, found.slice(found.position(), SECTOR), complaints);
                found.position(found.position() + SECTOR);
            }
        }
        if (!complaints.isEmpty()) {
            throw new AssertionError(what + ": " + complaints.size() + " wrong sectors, the first: "
                    + complaints.subList(0, Math.min(MAX_COMPLAINTS, complaints.size())));
        }
    }

    private void settle(int sector, ByteBuffer found, List<String> complaints) {
        long owner = found.getLong(0);
        long number = found.getLong(Long.BYTES);
        for (int i = 0; i < SECTOR; i += 2 * Long.BYTES) {
            if (found.getLong(i) != owner || found.getLong(i + Long.BYTES) != number) {
                complaints.add("sector " + sector + " is torn at byte " + i);
                return;
            }
        }
        boolean known = number == answered[sector] || number == sent[sector];
        if (!known || owner != (number == 0 ? 0 : sector)) {
            complaints.add("sector " + sector + " shows write " + number + " of sector " + owner + ", expected write "
                    + answered[sector] + " or " + sent[sector]);
        }
        answered[sector] = number;
        sent[sector] = number;
    }
}
