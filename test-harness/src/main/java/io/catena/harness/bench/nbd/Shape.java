package io.catena.harness.bench.nbd;

import io.catena.harness.peer.FioJob;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What is done to a disk. */
enum Shape {
    READ_4K_QD1("randread", 4 << 10, 1, Ground.SPREAD, false),
    READ_4K_QD32("randread", 4 << 10, 32, Ground.SPREAD, false),
    COLD_READ_4K_QD32("randread", 4 << 10, 32, Ground.SPREAD, true),
    READ_1M_QD4("read", 1 << 20, 4, Ground.SPREAD, false),
    WRITE_4K_QD32("randwrite", 4 << 10, 32, Ground.PRESENT, false),
    ALLOCATE_4K_QD32("randwrite", 4 << 10, 32, Ground.EMPTY, false),
    OVER_PARENT_4K_QD32("randwrite", 4 << 10, 32, Ground.OVER_PARENT, false),
    WRITE_1M_QD4("write", 1 << 20, 4, Ground.PRESENT, false);

    /** How much is written to a ground that is used up by it. */
    private static final long USED_UP_BYTES = 64L << 20;

    private final String pattern;
    private final int blockBytes;
    private final int queueDepth;
    private final Ground ground;
    private final boolean cold;

    Shape(String pattern, int blockBytes, int queueDepth, Ground ground, boolean cold) {
        this.pattern = pattern;
        this.blockBytes = blockBytes;
        this.queueDepth = queueDepth;
        this.ground = ground;
        this.cold = cold;
    }

    int blockBytes() {
        return blockBytes;
    }

    Ground ground() {
        return ground;
    }

    /** Whether the files are not to be in the page cache at the start. */
    boolean isCold() {
        return cold;
    }

    boolean writes() {
        return pattern.endsWith("write");
    }

    /** As the command line says it. */
    String title() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Returns the shape of a title.
     *
     * @throws IllegalArgumentException if there is none
     */
    static Shape of(String title) {
        return Stream.of(values())
                .filter(shape -> shape.title().equals(title))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no shape \"" + title + "\"; there are: "
                        + String.join(
                                ", ", Arrays.stream(values()).map(Shape::title).toList())));
    }

    /** What fio is to do; where the ground is used up each block is written once, else for {@code seconds}. */
    FioJob job(String uri, Disks disks, long seconds) {
        FioJob job = FioJob.verified(uri, pattern, blockBytes, disks.hotBytes())
                .withQueueDepth(queueDepth)
                .timed(seconds)
                .with("--randrepeat=0");
        if (!ground.isUsedUp()) {
            return job;
        }
        long from = ground == Ground.EMPTY ? disks.hotBytes() : 0;
        long bytes = ground == Ground.EMPTY ? disks.sizeBytes() - disks.hotBytes() : disks.hotBytes();
        List<String> once = List.of("--offset=" + from, "--io_size=" + USED_UP_BYTES);
        return new FioJob(
                uri,
                pattern,
                blockBytes,
                queueDepth,
                bytes,
                OptionalLong.empty(),
                false,
                Stream.concat(job.more().stream(), once.stream()).toList());
    }
}
