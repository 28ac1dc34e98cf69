package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Which disks a schedule is for, looked up each time. */
final class Targets {
    private static final String GROUP_KEY = "group";

    private Targets() {}

    /**
     * Returns the disks, sorted by id; snapshots are none.
     *
     * @throws SrException {@link SrError#VDI_MISSING} if one that is named is not there, and the others may not go without it
     */
    static List<Vdi> of(Schedule schedule, List<Vdi> all) {
        List<VdiId> named = schedule.vdis();
        List<Vdi> disks = named == null ? matching(schedule, all) : named(schedule, named, all);
        return disks.stream()
                .filter(vdi -> schedule.excludeKeys().entrySet().stream().noneMatch(key -> has(vdi, key)))
                .sorted((a, b) -> a.vdi().compareTo(b.vdi()))
                .toList();
    }

    private static List<Vdi> matching(Schedule schedule, List<Vdi> all) {
        Map<String, String> keys = schedule.keys();
        String group = schedule.group();
        return all.stream()
                .filter(vdi -> vdi.snapshotOf() == null && !vdi.readOnly())
                .filter(vdi -> group == null || group.equals(vdi.keys().get(GROUP_KEY)))
                .filter(vdi -> keys == null || keys.entrySet().stream().allMatch(key -> has(vdi, key)))
                .toList();
    }

    private static List<Vdi> named(Schedule schedule, List<VdiId> named, List<Vdi> all) {
        Map<VdiId, Vdi> byId = all.stream().collect(Collectors.toMap(Vdi::vdi, vdi -> vdi));
        List<Vdi> found = new ArrayList<>();
        for (VdiId id : named) {
            Vdi vdi = byId.get(id);
            if (vdi != null) {
                found.add(vdi);
            } else if (!schedule.partial()) {
                throw new SrException(SrError.VDI_MISSING, "There is no VDI " + id + " in SR " + schedule.sr())
                        .correction("Take it out of the schedule, or set \"partial\".");
            }
        }
        return found;
    }

    private static boolean has(Vdi vdi, Map.Entry<String, String> key) {
        return key.getValue().equals(vdi.keys().get(key.getKey()));
    }
}
