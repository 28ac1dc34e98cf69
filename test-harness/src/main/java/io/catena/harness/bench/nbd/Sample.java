package io.catena.harness.bench.nbd;

/**
 * One run.
 *
 * @param cpuMicros processor time of the server for each request
 */
record Sample(double iops, double bytesPerSecond, double p99Micros, double cpuMicros) {}
