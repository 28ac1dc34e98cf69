package io.catena.harness.tool;

import io.catena.api.GcChange;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.open.Wanted;
import io.catena.store.Storage;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Random;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;

/** What an SR needs to be attached, where nobody serves its disks: they are reached in memory. */
public final class BareSr {
    public static final SrId ID = new SrId(new UUID(1, 1));
    /** Kept, because a logger that nobody keeps forgets its level: recoveries are many in tests, and tell nothing new. */
    private static final Logger LOG = Logger.getLogger("io.catena.sr.open.Attaching");

    static {
        LOG.setLevel(Level.OFF);
    }

    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_800_000_000), ZoneOffset.UTC);

    private final Storage storage;
    private final Storage tmpfs;
    private final Random uuids;
    private DirectExports exports = new DirectExports();

    /**
     * @param tmpfs for redo logs
     * @param seed of all identities
     */
    public BareSr(Storage storage, Storage tmpfs, long seed) {
        this.storage = storage;
        this.tmpfs = tmpfs;
        uuids = new Random(seed);
    }

    public static Jobs jobs() {
        return new Jobs(CLOCK);
    }

    /** Attaches the SR, or adopts it, as who agrees to its garbage collection; what was attached before is forgotten. */
    public VhdRepository attach(Jobs jobs) {
        exports = new DirectExports();
        Environment environment = new Environment(
                tmpfs,
                new UUID(9, 9),
                exports,
                jobs,
                CLOCK,
                () -> 0,
                () -> new UUID(uuids.nextLong(), uuids.nextLong()));
        VhdRepository repository = VhdRepository.attach(storage, "/sr", environment, Wanted.ADOPTED);
        try {
            if (!repository.garbage().status().settings().gc()) {
                repository.garbage().set(new GcChange(true, null, null, null, null, null, null, null));
            }
            return repository;
        } catch (RuntimeException e) {
            close(repository, e);
            throw e;
        }
    }

    private static void close(VhdRepository repository, RuntimeException reason) {
        try {
            repository.close();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** Returns a disk that is attached. */
    public BlockDevice device(VdiId vdi) {
        return exports.device(vdi);
    }
}
