package io.catena.agent.host;

import io.catena.api.JobIntents;
import io.catena.api.Sr;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.sr.job.Jobs;
import io.catena.sr.record.JobIntentFiles;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Opens SRs that are in memory; they outlive the hosts that attach them. Use one for all hosts of a test. */
public final class MemorySrs {
    private final Map<Path, Stored> stored = new HashMap<>();
    private final Set<Path> buggy = new HashSet<>();
    private final AtomicLong lastVdi = new AtomicLong();
    private final CountDownLatch endOfGc = new CountDownLatch(1);

    /** The disks that were activated, of all SRs, in the order in which that happened. */
    final List<VdiId> activated = new CopyOnWriteArrayList<>();

    /** How many disks were activated when an SR had all its own again, for each time that this was told. */
    final List<Integer> restoredAfter = new CopyOnWriteArrayList<>();

    private record Stored(SrId id, String name, Map<VdiId, Vdi> vdis) {}

    /** Returns an opener whose SRs' jobs run in {@code jobs}. */
    public SrOpener opener(Jobs jobs) {
        return new SrOpener() {
            @Override
            public AttachedSr create(Path directory, SrId id, String name) throws IOException {
                put(directory, new Stored(id, name, new TreeMap<>()));
                return attach(directory, id, false);
            }

            @Override
            public AttachedSr attach(Path directory, @Nullable SrId expected, boolean adopt) throws IOException {
                return open(directory, jobs);
            }

            @Override
            public SrProbe probe(Path directory) {
                String[] files = directory.toFile().list();
                SrProbe.Kind kind = files == null || files.length == 0 ? SrProbe.Kind.EMPTY : SrProbe.Kind.OTHER;
                return new SrProbe(directory.toString(), kind, null, "", 0, false, false, List.of());
            }
        };
    }

    /** Lets all garbage collections end, those under way and those to come. */
    public void endGc() {
        endOfGc.countDown();
    }

    /** Makes the SR in a directory unreadable. */
    public synchronized void lose(Path directory) {
        stored.remove(directory);
    }

    /** Makes the next attach of an SR run into a bug. */
    public synchronized void failUnexpectedly(Path directory) {
        buggy.add(directory);
    }

    /** Makes a disk vanish behind the repository's back. */
    synchronized void lose(Path directory, VdiId vdi) {
        find(directory).vdis.remove(vdi);
    }

    CountDownLatch endOfGc() {
        return endOfGc;
    }

    VdiId newVdiId() {
        return new VdiId(new UUID(0x7d, lastVdi.incrementAndGet()));
    }

    private synchronized void put(Path directory, Stored sr) {
        stored.put(directory, sr);
    }

    private synchronized Stored find(Path directory) {
        Stored sr = stored.get(directory);
        if (sr == null) {
            throw new IllegalStateException("no SR in " + directory);
        }
        return sr;
    }

    private synchronized AttachedSr open(Path directory, Jobs jobs) throws IOException {
        if (buggy.remove(directory)) {
            throw new IllegalStateException("a bug in the driver");
        }
        if (!stored.containsKey(directory)) {
            throw new IOException(directory + " cannot be read: Input/output error");
        }
        Stored sr = find(directory);
        MemoryRepository repository =
                new MemoryRepository(new Sr(sr.id, sr.name, directory.toString(), true), sr.vdis, jobs, this);
        return new AttachedSr() {
            @Override
            public SrId id() {
                return sr.id;
            }

            @Override
            public String name() {
                return sr.name;
            }

            @Override
            public StorageRepository repository() {
                return repository;
            }

            @Override
            public void restored() {
                restoredAfter.add(activated.size());
            }

            @Override
            public JobIntents jobIntents() {
                return new JobIntentFiles(new FileStorage(directory));
            }

            @Override
            public void destroy() {
                lose(directory);
            }

            @Override
            public void close() {
                repository.holds.clear();
            }
        };
    }
}
