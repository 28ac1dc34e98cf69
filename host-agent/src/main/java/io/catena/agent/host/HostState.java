package io.catena.agent.host;

import io.catena.api.AccessMode;
import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the agent must bring back when it starts again.
 *
 * @param srs all SRs seen on this host, in the order in which they came
 */
record HostState(List<KnownSr> srs) {
    static final HostState EMPTY = new HostState(List.of());

    HostState {
        srs = List.copyOf(srs);
    }

    /**
     * An SR that this host has seen.
     *
     * @param path the directory that holds it, absolute
     * @param attached whether it is to be attached
     * @param vdis the disks in it that are to be attached
     */
    record KnownSr(SrId sr, String name, String path, boolean attached, List<AttachedVdi> vdis) {
        KnownSr {
            Objects.requireNonNull(sr, "sr");
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(path, "path");
            vdis = List.copyOf(vdis);
        }
    }

    /**
     * A disk that is to be attached for a holder.
     *
     * @param holder see {@link Hold}
     * @param active how it is to be activated; null if it is not
     * @param as how it is to be exported besides NBD; null for not at all
     * @param block what told before {@code as} did whether it is to be a block device; null since
     */
    record AttachedVdi(
            VdiId vdi,
            AccessMode mode,
            String holder,
            @Nullable AccessMode active,
            @Nullable List<ExportKind> as,
            @Nullable Boolean block) {
        AttachedVdi {
            Objects.requireNonNull(vdi, "vdi");
            Objects.requireNonNull(mode, "mode");
            if (isFromBeforeHolders(holder)) {
                holder = Hold.HOST;
                active = mode;
            }
            if (block != null) {
                as = block ? List.of(ExportKind.BLOCK) : null;
                block = null;
            }
        }

        /** A state that was saved before disks had holders lacks them; all disks were active. */
        private static boolean isFromBeforeHolders(@Nullable String holder) {
            return holder == null;
        }

        static AttachedVdi of(Hold hold, Set<ExportKind> as) {
            List<ExportKind> kept = as.isEmpty() ? null : as.stream().sorted().toList();
            return new AttachedVdi(hold.vdi(), hold.mode(), hold.holder(), hold.active(), kept, null);
        }

        List<ExportKind> exports() {
            return as == null ? List.of() : as;
        }
    }

    Optional<KnownSr> find(SrId sr) {
        return srs.stream().filter(known -> known.sr.equals(sr)).findFirst();
    }

    /** Whether the disk is to be attached. */
    boolean remembers(SrId sr, VdiId vdi) {
        return find(sr).stream().flatMap(known -> known.vdis.stream()).anyMatch(v -> v.vdi.equals(vdi));
    }

    /** Returns the disks that are to be exported in some way. */
    Set<VdiId> exported(ExportKind kind) {
        return srs.stream()
                .flatMap(known -> known.vdis.stream())
                .filter(vdi -> vdi.exports().contains(kind))
                .map(AttachedVdi::vdi)
                .collect(Collectors.toSet());
    }

    /** Returns this with an SR to be attached; of an SR that is known already, the disks stay. */
    HostState withAttached(SrId sr, String name, String path) {
        Optional<KnownSr> known = find(sr);
        if (known.filter(was -> was.attached && was.name.equals(name) && was.path.equals(path))
                .isPresent()) {
            return this;
        }
        return with(new KnownSr(sr, name, path, true, known.map(KnownSr::vdis).orElse(List.of())));
    }

    /** Returns this with an SR that is not to be attached, nor any of its disks. */
    HostState withDetached(SrId sr) {
        return find(sr).map(known -> with(new KnownSr(sr, known.name, known.path, false, List.of())))
                .orElse(this);
    }

    HostState without(SrId sr) {
        return new HostState(srs.stream().filter(known -> !known.sr.equals(sr)).toList());
    }

    /** Returns this with all that holds a disk. */
    HostState withHolds(SrId sr, VdiId vdi, List<Hold> holds, Set<ExportKind> as) {
        return withVdis(
                sr, vdi, holds.stream().map(hold -> AttachedVdi.of(hold, as)).toList());
    }

    private HostState withVdis(SrId sr, VdiId replaced, List<AttachedVdi> by) {
        KnownSr known = find(sr).orElseThrow(() -> new IllegalStateException("SR " + sr + " is not known"));
        List<AttachedVdi> vdis = new ArrayList<>(known.vdis);
        vdis.removeIf(v -> v.vdi.equals(replaced));
        vdis.addAll(by);
        return with(new KnownSr(sr, known.name, known.path, known.attached, vdis));
    }

    private HostState with(KnownSr changed) {
        List<KnownSr> all = new ArrayList<>(srs);
        all.replaceAll(known -> known.sr.equals(changed.sr) ? changed : known);
        if (find(changed.sr).isEmpty()) {
            all.add(changed);
        }
        return new HostState(all);
    }
}
