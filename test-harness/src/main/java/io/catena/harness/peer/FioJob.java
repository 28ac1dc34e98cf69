package io.catena.harness.peer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What fio is to do with an NBD export.
 *
 * @param uri of the export; fio's engine knows no TLS
 * @param pattern fio's {@code rw}: read, write, randread, randwrite, randrw, ...
 * @param sizeBytes how much of the export, from its start, the job covers
 * @param runtimeSeconds if present, go on (over and over) for that long
 * @param verify whether each block carries a crc32c, which is checked when read back
 * @param more further options, for instance {@code --fsync=8}
 */
public record FioJob(
        String uri,
        String pattern,
        int blockBytes,
        int queueDepth,
        long sizeBytes,
        OptionalLong runtimeSeconds,
        boolean verify,
        List<String> more) {
    public FioJob {
        more = List.copyOf(more);
    }

    /** A job with one request at a time, over {@code sizeBytes} once, with {@code crc32c} checked. */
    public static FioJob verified(String uri, String pattern, int blockBytes, long sizeBytes) {
        return new FioJob(uri, pattern, blockBytes, 1, sizeBytes, OptionalLong.empty(), true, List.of());
    }

    public FioJob withQueueDepth(int depth) {
        return new FioJob(uri, pattern, blockBytes, depth, sizeBytes, runtimeSeconds, verify, more);
    }

    /** The same job for a measurement: repeated for a time, nothing verified. */
    public FioJob timed(long seconds) {
        return new FioJob(uri, pattern, blockBytes, queueDepth, sizeBytes, OptionalLong.of(seconds), false, more);
    }

    /** The same job for another export. */
    public FioJob at(String otherUri) {
        return new FioJob(otherUri, pattern, blockBytes, queueDepth, sizeBytes, runtimeSeconds, verify, more);
    }

    /** The same job with further options of fio. */
    public FioJob with(String... options) {
        List<String> all = new ArrayList<>(more);
        all.addAll(List.of(options));
        return new FioJob(uri, pattern, blockBytes, queueDepth, sizeBytes, runtimeSeconds, verify, all);
    }

    /** The command line; results go to {@code output}, because fio mixes its standard output with warnings. */
    String[] commandLine(Path output) {
        List<String> command = new ArrayList<>(List.of(
                "fio",
                "--name=catena",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=" + pattern,
                "--bs=" + blockBytes,
                "--iodepth=" + queueDepth,
                "--size=" + sizeBytes,
                "--output-format=json",
                "--output=" + output));
        if (verify) {
            command.addAll(List.of("--verify=crc32c", "--verify_fatal=1"));
        }
        if (runtimeSeconds.isPresent()) {
            command.addAll(List.of("--time_based", "--runtime=" + runtimeSeconds.getAsLong()));
        }
        command.addAll(more);
        return command.toArray(String[]::new);
    }
}
