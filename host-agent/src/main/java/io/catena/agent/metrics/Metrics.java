package io.catena.agent.metrics;

import io.catena.agent.log.Version;
import io.catena.api.StorageHost;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What Prometheus scrapes: values that are counted as things happen, and values that are looked up. In the OpenMetrics text
 * format if the scraper takes it, else in Prometheus' own.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Metrics {
    private static final double NANOS = 1e9;
    private static final double MICROS = 1e6;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final ExpositionFormatWriter openMetrics = OpenMetricsTextFormatWriter.create();
    private final ExpositionFormatWriter prometheus = PrometheusTextFormatWriter.create();
    private final DataPath dataPath;
    private final SrMetrics srs;
    private final VdiMetrics vdis;
    private final List<Consumer<Families>> more = new CopyOnWriteArrayList<>();

    private final Counter requests = Counter.builder()
            .name("catena_api_requests")
            .help("Requests over the network, by operation and status.")
            .labelNames("operation", "status")
            .register(registry);

    private final Histogram requestTime = Histogram.builder()
            .name("catena_api_request_seconds")
            .help("How long they took.")
            .labelNames("operation")
            .classicOnly()
            .classicUpperBounds(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60)
            .register(registry);

    private final Histogram pause = Histogram.builder()
            .name("catena_snapshot_pause_seconds")
            .help("How long a disk's requests were held back for a snapshot.")
            .classicOnly()
            .classicUpperBounds(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
            .register(registry);

    private final Counter events = Counter.builder()
            .name("catena_events")
            .help("What happened, by kind.")
            .labelNames("kind")
            .register(registry);

    private final Counter droppedReaders = Counter.builder()
            .name("catena_event_readers_dropped")
            .help("Who followed events and was cut off for not reading them.")
            .register(registry);

    /** A text of metrics with its type. */
    public record Text(String contentType, String text) {}

    public Metrics(StorageHost host, DataPath dataPath) {
        this.dataPath = dataPath;
        srs = new SrMetrics(host);
        vdis = new VdiMetrics(host);
        more.add(JvmMetrics::collect);
        more.add(to -> to.gauge("catena_build_info", "The program.", Labels.of("version", Version.TEXT), 1));
    }

    /** Adds values that are looked up at each scrape. */
    public void add(Consumer<Families> collector) {
        more.add(collector);
    }

    /** Counts a request of the API. */
    public void request(String operation, int status, long nanos) {
        requests.labelValues(operation, Integer.toString(status)).inc();
        requestTime.labelValues(operation).observe(nanos / NANOS);
    }

    /** Counts an event. */
    public void event(String kind) {
        events.labelValues(kind).inc();
    }

    /** Counts a reader of events that was cut off because it did not read. */
    public void readerDropped() {
        droppedReaders.inc();
    }

    /** Measures the pause of a snapshot of a disk that was open. */
    public void pause(long micros) {
        pause.observe(micros / MICROS);
    }

    /** Returns all but the disks. */
    public Text host(@Nullable String accept) {
        Families families = new Families();
        srs.collect(families);
        more.forEach(collector -> collector.accept(families));
        List<MetricSnapshot> all = new ArrayList<>();
        families.snapshots().forEach(all::add);
        registry.scrape().forEach(all::add);
        dataPath.registry().scrape().forEach(all::add);
        return text(accept, new MetricSnapshots(all));
    }

    /** Returns the disks. */
    public Text vdis(@Nullable String accept) {
        ExpositionFormatWriter writer = writer(accept);
        return new Text(writer.getContentType(), vdis.text(writer == openMetrics ? "# EOF\n" : ""));
    }

    private ExpositionFormatWriter writer(@Nullable String accept) {
        return accept != null && openMetrics.accepts(accept) ? openMetrics : prometheus;
    }

    private Text text(@Nullable String accept, MetricSnapshots snapshots) {
        ExpositionFormatWriter writer = writer(accept);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            writer.write(out, snapshots);
        } catch (IOException e) {
            throw new IllegalStateException("memory takes everything", e);
        }
        return new Text(writer.getContentType(), out.toString(StandardCharsets.UTF_8));
    }
}
