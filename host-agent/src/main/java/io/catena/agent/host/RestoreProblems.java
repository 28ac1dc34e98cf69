package io.catena.agent.host;

import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What could not be attached again, and why; until it is attached or detached. Safe for use by many threads. */
final class RestoreProblems {
    private final Map<SrId, String> srs = new ConcurrentHashMap<>();
    private final Map<SrId, Map<VdiId, String>> vdis = new ConcurrentHashMap<>();

    void add(SrId sr, String reason) {
        srs.put(sr, "could not be attached again: " + reason);
    }

    void add(SrId sr, VdiId vdi, Exception reason) {
        vdis.computeIfAbsent(sr, id -> new ConcurrentHashMap<>())
                .put(vdi, Objects.requireNonNullElse(reason.getMessage(), reason.toString()));
    }

    /** The SR is attached; its disks may not be. */
    void remove(SrId sr) {
        srs.remove(sr);
    }

    void remove(SrId sr, VdiId vdi) {
        vdis.getOrDefault(sr, new ConcurrentHashMap<>()).remove(vdi);
    }

    /** Nothing of the SR is to be attached any more. */
    void forget(SrId sr) {
        srs.remove(sr);
        vdis.remove(sr);
    }

    /** Returns what is wrong with an SR and its disks; null if nothing is. */
    @Nullable
    String of(SrId sr) {
        String problem = srs.get(sr);
        if (problem != null) {
            return problem;
        }
        String text = vdis.getOrDefault(sr, Map.of()).entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(e -> "VDI " + e.getKey() + " could not be attached again: " + e.getValue())
                .collect(Collectors.joining("; "));
        return text.isEmpty() ? null : text;
    }
}
