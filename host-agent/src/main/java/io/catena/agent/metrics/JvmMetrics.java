package io.catena.agent.metrics;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import io.prometheus.metrics.model.snapshots.Labels;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;

/** The process and its virtual machine, under the names that Prometheus' own clients use. */
final class JvmMetrics {
    private static final double NANOS = 1e9;
    private static final double MILLIS = 1e3;

    private JvmMetrics() {}

    static void collect(Families to) {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        Labels ofHeap = Labels.of("area", "heap");
        to.gauge("jvm_memory_used_bytes", "Memory that is used.", ofHeap, heap.getUsed());
        to.gauge("jvm_memory_committed_bytes", "Memory that was got from the system.", ofHeap, heap.getCommitted());
        to.gauge("jvm_memory_max_bytes", "Memory that can be used.", ofHeap, heap.getMax());
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            Labels labels = Labels.of("pool", pool.getName());
            to.gauge("jvm_buffer_pool_used_bytes", "Memory of buffers.", labels, pool.getMemoryUsed());
        }
        to.gauge(
                "jvm_threads_current",
                "Number of threads.",
                Labels.EMPTY,
                ManagementFactory.getThreadMXBean().getThreadCount());
        for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
            Labels labels = Labels.of("gc", gc.getName());
            to.counter("jvm_gc_collections", "Collections.", labels, (double) gc.getCollectionCount());
            to.counter("jvm_gc_seconds", "Time in collections.", labels, gc.getCollectionTime() / MILLIS);
        }
        process(to);
    }

    private static void process(Families to) {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        to.counter("process_cpu_seconds", "Processor time.", Labels.EMPTY, system.getProcessCpuTime() / NANOS);
        if (system instanceof UnixOperatingSystemMXBean unix) {
            to.gauge("process_open_fds", "Open files.", Labels.EMPTY, unix.getOpenFileDescriptorCount());
            to.gauge("process_max_fds", "Files that may be open.", Labels.EMPTY, unix.getMaxFileDescriptorCount());
        }
        to.gauge(
                "process_start_time_seconds",
                "When it was started.",
                Labels.EMPTY,
                ManagementFactory.getRuntimeMXBean().getStartTime() / MILLIS);
    }
}
