package io.catena.agent.api.cloud;

import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Call;
import io.catena.agent.control.Caller;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.api.Hold;
import io.catena.api.JointGain;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.Uuids;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who may delete which disks, and what the deletion of several would do. */
final class Deletions {
    /** The key of a snapshot that tells who took it, if that is somebody who may only delete his own. */
    static final String MADE_BY = "catena:made-by";

    private static final int MOST_DISKS = 1000;

    private final StorageHost host;
    private final Names names;

    Deletions(StorageHost host) {
        this.host = host;
        names = new Names(host);
    }

    /**
     * What the deletion of several disks would do.
     *
     * @param confirm what a person should type before it is done; empty if none can go
     */
    record Plan(List<Disk> disks, String confirm, long freesAtOnceBytes, long freesLaterBytes) {}

    /**
     * A disk that is to be deleted.
     *
     * @param name empty if it has none, or is gone
     * @param blockers why it cannot go; empty if it can
     */
    record Disk(VdiId vdi, String name, @Nullable VdiId snapshotOf, long ownBytes, List<String> blockers) {}

    Route route() {
        return Route.post("planDeletions", "/v1/vdis/deletion-plan", this::plan).by(Role.BACKUP);
    }

    /** {"vdis"}: of one SR. */
    private Object plan(Call call) {
        List<String> wanted = call.body().strings("vdis");
        call.body().nothingElse();
        if (wanted.size() > MOST_DISKS) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "There are " + wanted.size() + " \"vdis\", expected at most " + MOST_DISKS)
                    .field("vdis");
        }
        List<Disk> disks = new ArrayList<>();
        @Nullable SrId sr = null;
        for (String text : new LinkedHashSet<>(wanted)) {
            Optional<Names.Place> place = place(text);
            if (place.isPresent()) {
                sr = sr == null ? place.get().sr() : sr;
                disks.add(disk(names.vdiIn(sr, text), place.get(), call.caller()));
            } else {
                disks.add(new Disk(VdiId.parse(text), "", null, 0, List.of("It is not there any more")));
            }
        }
        List<VdiId> going = disks.stream()
                .filter(disk -> disk.blockers().isEmpty())
                .map(Disk::vdi)
                .toList();
        JointGain gain = sr == null || going.isEmpty()
                ? JointGain.NONE
                : host.repository(sr).garbage().gain(going);
        return new Plan(disks, confirm(going.size()), gain.atOnceBytes(), gain.laterBytes());
    }

    private static String confirm(int count) {
        return count == 0 ? "" : "delete " + count;
    }

    /** Returns nothing if what has that id was deleted meanwhile. */
    private Optional<Names.Place> place(String text) {
        try {
            return Optional.of(names.vdi(text));
        } catch (SrException e) {
            if (e.error() == SrError.VDI_MISSING && Uuids.isUuid(text)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Disk disk(VdiId id, Names.Place place, Caller caller) {
        Vdi vdi = place.repository().vdi(id);
        List<String> blockers = new ArrayList<>();
        refusal(caller, vdi).ifPresent(blockers::add);
        vdi.holds().stream().map(Hold::text).map(text -> "It is " + text).forEach(blockers::add);
        return new Disk(id, vdi.name(), vdi.snapshotOf(), vdi.physicalBytes(), blockers);
    }

    /** Throws if a caller may not delete a disk. */
    static void check(Caller caller, Vdi vdi) {
        refusal(caller, vdi).ifPresent(reason -> {
            throw ApiException.forbidden(reason);
        });
    }

    /** Backups may delete the snapshots that they took, operators all snapshots, administrators everything. */
    private static Optional<String> refusal(Caller caller, Vdi vdi) {
        Role role = caller.role();
        boolean snapshot = vdi.snapshotOf() != null;
        boolean own = caller.name().equals(vdi.keys().get(MADE_BY));
        if (role == Role.ADMIN || (snapshot && (own || role.includes(Role.OPERATOR)))) {
            return Optional.empty();
        }
        return Optional.of(
                role.includes(Role.OPERATOR)
                        ? "An operator may delete snapshots; VDI " + vdi.vdi() + " is a disk"
                        : "A caller for backups may delete the snapshots that it took itself");
    }
}
