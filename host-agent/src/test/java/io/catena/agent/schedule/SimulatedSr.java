package io.catena.agent.schedule;

import io.catena.api.GarbageControl;
import io.catena.api.GcSettings;
import io.catena.api.GcStatus;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrId;
import io.catena.api.SrNotes;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An SR in memory that outlives the agent, which is killed before or after what it asks. */
final class SimulatedSr {
    private final SrId id;
    private final List<VdiId> disks;
    private final Random random;
    private final Map<VdiId, Vdi> vdis = new TreeMap<>();
    private final TreeMap<String, String> notes = new TreeMap<>();
    private final Map<VdiId, TreeSet<Instant>> created = new HashMap<>();
    private final List<Cut> twice = new ArrayList<>();
    private boolean killing;
    private boolean changed;
    private int kills;

    /** A snapshot that was taken once. */
    record Cut(VdiId disk, Instant due) {}

    /** The end of the agent. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    SimulatedSr(SrId id, int disks, Random random) {
        this.id = id;
        this.random = random;
        this.disks = IntStream.range(1, disks + 1)
                .mapToObj(i -> new VdiId(new UUID(0, i)))
                .toList();
        this.disks.forEach(disk -> vdis.put(disk, vdi(disk, null, Map.of())));
    }

    private Vdi vdi(VdiId vdi, @Nullable VdiId of, Map<String, String> keys) {
        return new Vdi(
                vdi,
                "disk",
                "",
                id,
                vdi + ".vhd",
                1 << 30,
                1 << 20,
                null,
                1,
                of != null,
                of,
                keys,
                false,
                null,
                Vdi.State.DETACHED,
                List.of(),
                null,
                null);
    }

    SrId id() {
        return id;
    }

    List<VdiId> disks() {
        return disks;
    }

    int created() {
        return created.values().stream().mapToInt(TreeSet::size).sum();
    }

    List<Cut> cutTwice() {
        return twice;
    }

    /** Returns when the newest snapshots of a disk were due, of all that ever were. */
    List<Instant> newest(VdiId disk, int most) {
        return created.getOrDefault(disk, new TreeSet<>()).descendingSet().stream()
                .limit(most)
                .toList();
    }

    int kills() {
        return kills;
    }

    /** Whether snapshots were taken or deleted since it was asked last. */
    boolean takeChanged() {
        boolean was = changed;
        changed = false;
        return was;
    }

    void killSometimes(boolean on) {
        killing = on;
    }

    List<Instant> duesOf(VdiId disk) {
        return vdis.values().stream()
                .filter(vdi -> disk.equals(vdi.snapshotOf()))
                .map(vdi -> Instant.parse(String.valueOf(vdi.keys().get(OwnSnapshots.DUE_KEY))))
                .toList();
    }

    private <T> T mortal(Supplier<T> work) {
        maybeKill();
        T done = work.get();
        maybeKill();
        return done;
    }

    private void maybeKill() {
        if (killing && random.nextInt(40) == 0) {
            kills++;
            throw new Killed();
        }
    }

    StorageRepository repository() {
        return StorageRepository.class.cast(Proxy.newProxyInstance(
                StorageRepository.class.getClassLoader(),
                new Class<?>[] {StorageRepository.class},
                (proxy, method, arguments) -> answer(method, arguments)));
    }

    private Object answer(Method method, @Nullable Object @Nullable [] arguments) {
        return switch (method.getName()) {
            case "vdis" -> List.copyOf(vdis.values());
            case "vdi" -> find(argument(arguments, VdiId.class));
            case "snapshot" -> mortal(() -> snapshot(argument(arguments, List.class)));
            case "destroy" -> mortal(() -> destroy(argument(arguments, VdiId.class)));
            case "notes" -> new Notes();
            case "stat" -> stat();
            case "garbage" -> garbage();
            default -> throw new UnsupportedOperationException(method.getName());
        };
    }

    private static <T> T argument(@Nullable Object @Nullable [] arguments, Class<T> type) {
        if (arguments == null) {
            throw new IllegalArgumentException("no argument");
        }
        return type.cast(arguments[0]);
    }

    private Vdi find(VdiId vdi) {
        Vdi found = vdis.get(vdi);
        if (found == null) {
            throw new SrException(SrError.VDI_MISSING, "There is no VDI " + vdi);
        }
        return found;
    }

    private List<SnapshotResult> snapshot(List<?> specs) {
        List<SnapshotResult> results = new ArrayList<>();
        changed = true;
        for (Object each : specs) {
            SnapshotSpec spec = (SnapshotSpec) each;
            if (vdis.containsKey(spec.snapshot())) {
                throw new SrException(SrError.VDI_EXISTS, "There is a VDI " + spec.snapshot());
            }
            vdis.put(spec.snapshot(), vdi(spec.snapshot(), spec.of(), spec.keys()));
            Instant due = Instant.parse(String.valueOf(spec.keys().get(OwnSnapshots.DUE_KEY)));
            if (!created.computeIfAbsent(spec.of(), of -> new TreeSet<>()).add(due)) {
                twice.add(new Cut(spec.of(), due));
            }
            results.add(new SnapshotResult(spec.snapshot(), spec.of(), 0, null));
        }
        return results;
    }

    private Optional<Vdi> destroy(VdiId vdi) {
        changed = true;
        return Optional.ofNullable(vdis.remove(vdi));
    }

    private SrStat stat() {
        SrHealth health = new SrHealth(SrHealth.State.HEALTHY, List.of());
        Sr sr = new Sr(id, "sr", "/sr", true);
        return new SrStat(sr, "", 1L << 40, 1L << 39, 0, 0, 2, 2, 1, 255, 200, List.of(), List.of(), health);
    }

    private GarbageControl garbage() {
        return GarbageControl.class.cast(Proxy.newProxyInstance(
                GarbageControl.class.getClassLoader(),
                new Class<?>[] {GarbageControl.class},
                (p, method, arguments) -> {
                    if (!method.getName().equals("status")) {
                        throw new UnsupportedOperationException(method.getName());
                    }
                    return new GcStatus(
                            id,
                            GcStatus.State.IDLE,
                            null,
                            GcSettings.DEFAULT,
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of(),
                            1L << 39,
                            null);
                }));
    }

    private final class Notes implements SrNotes {
        @Override
        public List<String> names() {
            return List.copyOf(notes.keySet());
        }

        @Override
        public Optional<String> read(String name) {
            return Optional.ofNullable(notes.get(name));
        }

        @Override
        public void write(String name, String text) {
            mortal(() -> Optional.ofNullable(notes.put(name, text)));
        }

        @Override
        public void delete(String name) {
            mortal(() -> Optional.ofNullable(notes.remove(name)));
        }
    }
}
