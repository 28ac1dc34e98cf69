package io.catena.agent.metrics;

import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The SRs and jobs of the host, looked up at each scrape. */
final class SrMetrics {
    private static final Logger LOG = Logger.getLogger(SrMetrics.class.getName());

    private final StorageHost host;

    SrMetrics(StorageHost host) {
        this.host = host;
    }

    void collect(Families to) {
        for (Sr sr : host.srs()) {
            Labels labels = Labels.of("sr", sr.id().toString(), "name", sr.name());
            to.gauge("catena_sr_attached", "Whether the SR is served (1) or not (0).", labels, sr.attached() ? 1 : 0);
            to.gauge(
                    "catena_sr_problem",
                    "Whether the SR, or a disk of it, cannot be served or reached now (1).",
                    labels,
                    sr.problem() == null ? 0 : 1);
            if (sr.attached()) {
                collect(sr, labels, to);
            }
        }
        List<Job> jobs = host.jobs();
        for (Job.State state : Job.State.values()) {
            to.gauge(
                    "catena_jobs",
                    "Jobs that run or ended lately.",
                    Labels.of("state", state.name().toLowerCase(Locale.ROOT)),
                    jobs.stream().filter(job -> job.state() == state).count());
        }
    }

    /** An SR that is detached meanwhile, or cannot answer, must not hide the others. */
    private void collect(Sr sr, Labels labels, Families to) {
        try {
            StorageRepository repository = host.repository(sr.id());
            collect(repository.stat(), labels, to);
            collect(repository.garbage().status(), labels, to);
            to.gauge(
                    "catena_sr_active_vdis",
                    "Disks that are open for I/O.",
                    labels,
                    repository.holds().stream()
                            .filter(hold -> hold.active() != null)
                            .map(hold -> hold.vdi())
                            .distinct()
                            .count());
        } catch (SrException e) {
            LOG.log(Level.FINE, "an SR that cannot answer", e);
        }
    }

    private static void collect(SrStat stat, Labels labels, Families to) {
        to.gauge("catena_sr_capacity_bytes", "Size of the file system.", labels, stat.capacityBytes());
        to.gauge("catena_sr_free_bytes", "What is left of it.", labels, stat.freeBytes());
        to.gauge("catena_sr_physical_bytes", "What the SR's own files take.", labels, stat.physicalBytes());
        to.gauge("catena_sr_virtual_bytes", "Sum of the sizes of all disks.", labels, stat.virtualBytes());
        to.gauge("catena_sr_vdis", "Number of disks and snapshots.", labels, stat.vdis());
        to.gauge("catena_sr_nodes", "Number of files that hold data.", labels, stat.nodes());
        to.gauge("catena_sr_chain_depth_max", "Number of nodes in the longest chain.", labels, stat.maxChainDepth());
        to.gauge("catena_sr_chain_limit", "Number of nodes that a chain may have.", labels, stat.chainLimit());
        to.gauge("catena_sr_chain_warning", "Number of nodes that is warned of.", labels, stat.chainWarning());
        to.gauge(
                "catena_sr_broken_nodes",
                "Nodes that cannot be used.",
                labels,
                stat.problems().size());
        SrHealth health = stat.health();
        to.gauge(
                "catena_sr_healthy",
                "Whether all is well (1) or something is wrong (0).",
                labels,
                health.state() == SrHealth.State.HEALTHY ? 1 : 0);
        for (SrHealth.Kind kind : SrHealth.Kind.values()) {
            long count = health.reasons().stream()
                    .filter(reason -> reason.kind() == kind)
                    .count();
            String name = kind.name().toLowerCase(Locale.ROOT);
            to.gauge("catena_sr_health_reasons", "What is wrong, by kind.", labels.add("kind", name), count);
        }
    }

    private static void collect(GcStatus gc, Labels labels, Families to) {
        to.gauge(
                "catena_gc_planned_steps",
                "Steps that are left to do.",
                labels,
                gc.plan().size());
        to.gauge(
                "catena_sr_merge_debt_bytes",
                "How much the merges that are left to do copy.",
                labels,
                gc.plan().stream().mapToLong(GcStatus.Step::bytesToMove).sum());
        to.gauge(
                "catena_gc_reclaimable_bytes",
                "How much space they give back, at least.",
                labels,
                gc.plan().stream().mapToLong(GcStatus.Step::bytesFreed).sum());
        to.gauge(
                "catena_gc_set_aside_nodes",
                "Nodes that failed and are left alone.",
                labels,
                gc.setAside().size());
        to.gauge(
                "catena_gc_reserve_bytes",
                "Space that merging leaves free.",
                labels,
                gc.settings().reserveBytes());
        for (GcStatus.State state : GcStatus.State.values()) {
            to.gauge(
                    "catena_gc_state",
                    "Which of these it is (1).",
                    labels.add("state", state.name().toLowerCase(Locale.ROOT)),
                    gc.state() == state ? 1 : 0);
        }
    }
}
