package io.catena.harness.bench.nbd;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The results as people and programs read them. */
final class NbdTable {
    static final String QEMU_RAW = "qemu-nbd-raw";
    static final String NBDKIT_RAW = "nbdkit-raw";

    private final List<Cell> cells;
    private final int depth;

    NbdTable(List<Cell> cells, int depth) {
        this.cells = List.copyOf(cells);
        this.depth = depth;
    }

    /**
     * One contestant in one shape.
     *
     * @param iops the median, and how far it spreads
     * @param ratios how many times faster it was than each of the others
     * @param thrift how many times less processor time it needed than each of the others
     */
    record Row(
            String shape,
            String contestant,
            double iops,
            double iopsMin,
            double iopsMax,
            double megabytesPerSecond,
            double p99Micros,
            double cpuMicrosPerRequest,
            TreeMap<String, Double> ratios,
            TreeMap<String, Double> thrift) {}

    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (Cell cell : cells) {
            TreeMap<String, Double> ratios = new TreeMap<>();
            TreeMap<String, Double> thrift = new TreeMap<>();
            for (Cell other : cells) {
                if (other != cell && other.shape() == cell.shape()) {
                    ratios.put(other.contestant(), cell.ratioTo(other));
                    thrift.put(other.contestant(), cell.thriftTo(other));
                }
            }
            rows.add(new Row(
                    cell.shape().title(),
                    cell.contestant(),
                    cell.median(Sample::iops),
                    cell.min(Sample::iops),
                    cell.max(Sample::iops),
                    cell.median(Sample::bytesPerSecond) / 1e6,
                    cell.median(Sample::p99Micros),
                    cell.median(Sample::cpuMicros),
                    ratios,
                    thrift));
        }
        return rows;
    }

    /** A table, a shape after the other, with what counts for our chains: their ratios to each kind of peer. */
    String text() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-26s %9s %19s %8s %8s %8s  %s%n",
                "medians",
                "IOPS",
                "from-to",
                "MB/s",
                "p99 us",
                "CPU us",
                "times as fast as qemu-nbd raw, nbdkit raw, qcow2 as deep, catena 1 deep | times less CPU than these"));
        List<Row> rows = rows();
        for (Shape shape : Shape.values()) {
            List<Row> ofShape = rows.stream()
                    .filter(row -> row.shape().equals(shape.title()))
                    .toList();
            if (!ofShape.isEmpty()) {
                text.append(shape.title()).append('\n');
                ofShape.forEach(row -> text.append(line(row)));
            }
        }
        return text.toString();
    }

    private String line(Row row) {
        String spread = String.format(Locale.ROOT, "%.0f-%.0f", row.iopsMin(), row.iopsMax());
        String line = String.format(
                Locale.ROOT,
                "  %-24s %9.0f %19s %8.0f %8.0f %8.1f",
                row.contestant(),
                row.iops(),
                spread,
                row.megabytesPerSecond(),
                row.p99Micros(),
                row.cpuMicrosPerRequest());
        boolean one = isOurs(row, 1) || row.contestant().equals(CatenaChain.SHARED_TITLE);
        return line + (one ? ratios(row, 1) : isOurs(row, depth) ? ratios(row, depth) : "") + "\n";
    }

    private static boolean isOurs(Row row, int deep) {
        return row.contestant().equals(CatenaChain.title(deep));
    }

    private static String ratios(Row row, int deep) {
        return ratios(row.ratios(), deep) + "  |" + ratios(row.thrift(), deep);
    }

    private static String ratios(Map<String, Double> to, int deep) {
        return " " + ratio(to.get(QEMU_RAW)) + " " + ratio(to.get(NBDKIT_RAW)) + " "
                + ratio(to.get(QcowChain.title(deep))) + " " + ratio(to.get(CatenaChain.title(1)));
    }

    private static String ratio(@Nullable Double value) {
        return value == null ? "    -" : String.format(Locale.ROOT, "%5.2f", value);
    }
}
