package io.catena.agent.metrics;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/** The requests of all disks, by operation. Safe for use by many threads, and quick enough to be told of each request. */
public final class DataPath {
    private static final double NANOS = 1e9;

    private final PrometheusRegistry registry = new PrometheusRegistry();

    private final Counter requests = Counter.builder()
            .name("catena_disk_requests")
            .help("Requests of disks that were answered.")
            .labelNames("operation", "outcome")
            .register(registry);

    private final Counter bytes = Counter.builder()
            .name("catena_disk_bytes")
            .help("Their lengths.")
            .labelNames("operation")
            .register(registry);

    private final Histogram time = Histogram.builder()
            .name("catena_disk_request_seconds")
            .help("How long they took, from their arrival until their answer was ready.")
            .labelNames("operation")
            .classicOnly()
            .classicUpperBounds(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10)
            .register(registry);

    /** What hears of the requests of one operation with one outcome. */
    public final class Line {
        private final CounterDataPoint count;
        private final CounterDataPoint length;
        private final DistributionDataPoint duration;

        private Line(String operation, String outcome) {
            count = requests.labelValues(operation, outcome);
            length = bytes.labelValues(operation);
            duration = time.labelValues(operation);
        }

        public void answered(long lengthBytes, long nanos) {
            count.inc();
            length.inc(lengthBytes);
            duration.observe(nanos / NANOS);
        }
    }

    /** Returns what is to be told of such requests; to be asked once, and kept. */
    public Line line(String operation, String outcome) {
        return new Line(operation, outcome);
    }

    PrometheusRegistry registry() {
        return registry;
    }
}
