package io.catena.agent;

import io.catena.agent.metrics.DataPath;
import io.catena.disk.RequestMeter;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Counts the requests of all disks for the metrics. Safe for use by many threads. */
final class CountingMeter implements RequestMeter {
    private final Map<Operation, Map<Outcome, DataPath.Line>> lines = new EnumMap<>(Operation.class);

    CountingMeter(DataPath path) {
        for (Operation operation : Operation.values()) {
            Map<Outcome, DataPath.Line> ofOperation = new EnumMap<>(Outcome.class);
            for (Outcome outcome : Outcome.values()) {
                ofOperation.put(outcome, path.line(text(operation), text(outcome)));
            }
            lines.put(operation, ofOperation);
        }
    }

    private static String text(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void answered(Operation operation, Outcome outcome, long bytes, long queuedNanos, long processedNanos) {
        Map<Outcome, DataPath.Line> ofOperation = lines.get(operation);
        DataPath.Line line = ofOperation == null ? null : ofOperation.get(outcome);
        if (line != null) {
            line.answered(bytes, queuedNanos + processedNanos);
        }
    }
}
