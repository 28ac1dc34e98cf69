package io.catena.harness.peer;

import com.google.gson.JsonObject;

/**
 * What fio measured.
 *
 * @param ioErrors requests that failed
 * @param read of all reads, those of a verify pass included
 */
public record FioResult(long ioErrors, Direction read, Direction write) {

    /** Requests that went one way; latencies are from submission to completion. */
    public record Direction(
            long bytes, double iops, double bytesPerSecond, double meanNanos, long p50Nanos, long p99Nanos) {}

    /** Decodes the result of one job in the JSON output of fio. */
    static FioResult decode(JsonObject job) {
        long errors = job.has("total_err") ? job.get("total_err").getAsLong() : 0;
        if (errors == 0 && job.get("error").getAsInt() != 0) {
            errors = 1;
        }
        return new FioResult(errors, direction(job.getAsJsonObject("read")), direction(job.getAsJsonObject("write")));
    }

    private static Direction direction(JsonObject side) {
        JsonObject latency = side.getAsJsonObject("clat_ns");
        return new Direction(
                side.get("io_bytes").getAsLong(),
                side.get("iops").getAsDouble(),
                side.get("bw_bytes").getAsDouble(),
                latency.get("mean").getAsDouble(),
                percentile(latency, "50.000000"),
                percentile(latency, "99.000000"));
    }

    /** A direction without requests has no percentiles. */
    private static long percentile(JsonObject latency, String which) {
        JsonObject all = latency.getAsJsonObject("percentile");
        return all == null || !all.has(which) ? 0 : all.get(which).getAsLong();
    }
}
