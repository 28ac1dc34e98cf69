package io.catena.agent.guest;

import io.catena.api.SnapshotResult;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The snapshots that were taken so far of one guest, SR by SR. For one thread. */
final class TakenSnapshots {
    private final Map<Sr, List<SnapshotResult>> bySr = new LinkedHashMap<>();

    void add(Sr sr, List<SnapshotResult> results) {
        bySr.put(sr, results);
    }

    boolean isEmpty() {
        return bySr.isEmpty();
    }

    List<SnapshotResult> all() {
        return bySr.values().stream().flatMap(List::stream).toList();
    }

    /** Returns which they are, and where: "X of disk Y in SR main (Z)". */
    String text() {
        List<String> parts = new ArrayList<>();
        bySr.forEach((sr, results) -> parts.add(results.stream()
                .map(result -> result.vdi() + " of disk " + result.of())
                .collect(Collectors.joining(", ", "", " in SR " + called(sr)))));
        return String.join("; ", parts);
    }

    /** Returns how to be rid of them if they are of no use. */
    Advice removal(String whyUseless) {
        Advice advice = Advice.of("Destroy these snapshots if " + whyUseless + " (");
        List<VdiId> vdis = all().stream().map(SnapshotResult::vdi).toList();
        for (int i = 0; i < vdis.size(); i++) {
            advice = advice.then(i == 0 ? "" : "; ").then(Remedy.of(Verb.VDI_DESTROY, vdis.get(i)));
        }
        return advice.then("), and try again");
    }

    /**
     * Returns the failure of a cut that an SR refused after others had done their part. It is none that passes by itself: who
     * tries again without a look leaves these snapshots behind.
     */
    SrException refusedBy(Sr sr, SrException cause) {
        Advice removal = removal("they are of no use without the others");
        Advice cure = cause.advice();
        return new SrException(
                        SrError.VDI_SNAPSHOT,
                        "SR " + called(sr) + " refused its part: " + cause.error() + ": " + cause.detail()
                                + "; the snapshots that were taken before are " + text(),
                        cause)
                .correction(
                        cure == null
                                ? removal.then(".")
                                : removal.then(" after this: ").then(cure));
    }

    private static String called(Sr sr) {
        return sr.name() + " (" + sr.id() + ")";
    }
}
