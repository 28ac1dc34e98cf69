package io.catena.agent.mirror;

import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.sr.job.JobWork;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Copies parts of a disk, which nobody should change meanwhile. */
final class BlockCopy implements JobWork {
    /** Between two looks whether to go on. */
    private static final long STEP_BYTES = 16L << 20;

    private final MirroredDisk disk;
    private final Target target;
    private final List<Parts.Range> ranges;
    private final Duration patience;

    /**
     * @param ranges a first block and a number of blocks each; what is behind the end of the disk does not count
     * @throws SrException if they are none
     */
    BlockCopy(MirroredDisk disk, Target target, long blockBytes, List<List<Long>> ranges, Duration patience) {
        this.disk = disk;
        this.target = target;
        this.patience = patience;
        this.ranges = ranges.stream().map(range -> bytes(range, blockBytes)).toList();
    }

    private static Parts.Range bytes(List<Long> blocks, long blockBytes) {
        try {
            if (blocks.size() == 2 && blockBytes > 0 && blocks.get(0) >= 0 && blocks.get(1) >= 0) {
                long offset = Math.multiplyExact(blocks.get(0), blockBytes);
                long length = Math.multiplyExact(blocks.get(1), blockBytes);
                return new Parts.Range(offset, Math.addExact(offset, length) - offset);
            }
        } catch (ArithmeticException e) {
            // Told below, as any other range that is none.
        }
        throw new SrException(
                SrError.BAD_REQUEST, "The blocks " + blocks + " of " + blockBytes + " bytes are no part of a disk");
    }

    @Override
    public String run(JobControl control) throws IOException {
        for (Parts.Range range : ranges) {
            control.addTotal(range.lengthBytes());
        }
        control.phase("copying");
        try (Link link = target.connect()) {
            if (link.sizeBytes() < disk.sizeBytes()) {
                throw new SrException(
                        SrError.VDI_SIZE,
                        target.text() + " has " + link.sizeBytes() + " bytes, the disk " + disk.sizeBytes());
            }
            LinkWatch watch = LinkWatch.start(() -> link, patience, (stuck, reason) -> stuck.close());
            try {
                for (Parts.Range range : ranges) {
                    copy(link, range, control);
                }
                link.flush();
            } finally {
                watch.close();
            }
        }
        return "copied to " + target.text();
    }

    private void copy(Link link, Parts.Range range, JobControl control) throws IOException {
        long end = range.offset() + range.lengthBytes();
        for (long at = range.offset(); at < end; at += STEP_BYTES) {
            control.checkCancelled();
            Parts.Range step = new Parts.Range(at, Math.min(end - at, STEP_BYTES));
            PieceCopy.copy(disk.reader(), link, step, PieceCopy.NOTHING_KNOWN);
            control.done(step.lengthBytes());
        }
    }
}
