package io.catena.harness.crash;

import io.catena.api.AccessMode;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.SrCheck;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrId;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.LiveDisk;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DirectExports;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.store.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A whole SR on a simulated machine, the agents that attach it one after another, and the models of its disks: those that
 * must be there.
 */
final class SimulatedSr {
    static final long DISK_BYTES = 4L << 20;

    private static final SrId ID = new SrId(new UUID(1, 1));
    /** Recoveries are many here and tell nothing new; kept, because a logger that nobody keeps forgets its level. */
    private static final Logger LOG = Logger.getLogger("io.catena");

    static {
        LOG.setLevel(Level.SEVERE);
    }

    private static final Duration JOB_DEADLINE = Duration.ofSeconds(60);

    final Machine machine;
    final Random random;
    final Map<VdiId, DiskModel> models = new LinkedHashMap<>();
    private final @Nullable TakenOverSr takenOver;
    private final UnaryOperator<Storage> onDisk;
    private final UnaryOperator<Storage> onTmpfs;
    private Storage storage;
    private Storage tmpfs;
    private final DiskModel ancestor = DiskModel.empty(DISK_BYTES);
    private DirectExports exports = new DirectExports();
    private final Random uuids;
    private final AtomicLong nanos = new AtomicLong();

    /** While no time passes, what is to be done now and then is done at each occasion. */
    long tickNanos = 1000;

    private Jobs jobs;
    private VhdRepository repository;
    private long boot;

    /** Makes an SR and attaches it. */
    SimulatedSr(Machine machine, long seed, WatchedStorage.Watcher watcher) {
        this(machine, seed, watcher, file -> {});
    }

    SimulatedSr(Machine machine, long seed, WatchedStorage.Watcher watcher, WatchedStorage.ReadWatcher reads) {
        this(
                machine,
                TakenOverSr.wanted(machine),
                seed,
                disk -> new WatchedStorage(disk, watcher, reads),
                run -> new WatchedStorage(run, watcher));
    }

    /** An SR whose agents see a machine's disk as {@code storage} shows it. */
    SimulatedSr(Machine machine, long seed, Storage storage) {
        this(machine, null, seed, disk -> storage, run -> run);
    }

    private SimulatedSr(
            Machine machine,
            @Nullable TakenOverSr takenOver,
            long seed,
            UnaryOperator<Storage> onDisk,
            UnaryOperator<Storage> onTmpfs) {
        this.takenOver = takenOver;
        this.onDisk = onDisk;
        this.onTmpfs = onTmpfs;
        this.machine = machine;
        storage = onDisk.apply(machine.disk("sr"));
        tmpfs = onTmpfs.apply(machine.tmpfs("run"));
        random = new Random(new SplittableRandom(seed).nextLong());
        uuids = new Random(seed);
        VhdRepository.create(storage, ID, "sr");
        takeOver();
        jobs = newJobs();
        repository = VhdRepository.attach(storage, "/sr", environment());
    }

    private static Jobs newJobs() {
        return new Jobs(clock());
    }

    private static Clock clock() {
        return Clock.fixed(Instant.ofEpochSecond(1_800_000_000), ZoneOffset.UTC);
    }

    private Environment environment() {
        return new Environment(tmpfs, new UUID(9, boot), exports, jobs, clock(), this::tick, this::nextUuid);
    }

    /** Each look at the clock takes a little, so that what is to be done now and then is done now and then. */
    private long tick() {
        return nanos.addAndGet(tickNanos);
    }

    private UUID nextUuid() {
        return new UUID(uuids.nextLong(), uuids.nextLong());
    }

    VhdRepository repository() {
        return repository;
    }

    /** Attaches the SR in a new process. */
    void restart(boolean powerWasCut) {
        jobs.close();
        exports = new DirectExports();
        if (powerWasCut) {
            boot++;
        }
        takeOver();
        jobs = newJobs();
        repository = VhdRepository.attach(storage, "/sr", environment());
    }

    private void takeOver() {
        if (takenOver != null) {
            try {
                storage = onDisk.apply(takenOver.takeOver());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            tmpfs = onTmpfs.apply(takenOver.tmpfs());
        }
    }

    /** Lets go of the SR in order and attaches it again. */
    void reopen() throws IOException {
        repository.close();
        exports = new DirectExports();
        repository = VhdRepository.attach(storage, "/sr", environment());
    }

    void close() throws IOException {
        repository.close();
        jobs.close();
    }

    VdiId create(VdiId id) {
        return create(id, Map.of());
    }

    VdiId create(VdiId id, Map<String, String> keys) {
        repository.create(new VdiSpec(DISK_BYTES, "disk", "", id, false, keys));
        models.put(id, ancestor.sibling(DISK_BYTES));
        return id;
    }

    static VdiSpec spec(VdiId id) {
        return new VdiSpec(DISK_BYTES, "disk", "", id, false);
    }

    DiskModel model(VdiId vdi) {
        return Objects.requireNonNull(models.get(vdi));
    }

    BlockDevice device(VdiId vdi) {
        return exports.device(vdi);
    }

    boolean isAttached(VdiId vdi) {
        return exports.serves(vdi);
    }

    boolean isPaused(VdiId vdi) {
        return device(vdi) instanceof LiveDisk disk && disk.isPaused();
    }

    void attach(VdiId vdi) {
        repository.attach(vdi, AccessMode.READ_WRITE);
    }

    void detach(VdiId vdi) {
        long begin = model(vdi).flush();
        repository.detach(vdi);
        model(vdi).flushed(begin);
    }

    void write(VdiId vdi) throws IOException {
        write(vdi, Requests.randomWrite(model(vdi), random));
    }

    void write(VdiId vdi, DiskModel.Write write) throws IOException {
        device(vdi).write(write.offset(), write.bytes());
        model(vdi).answered(write);
    }

    /** Discards or zeroes some sectors. */
    void zero(VdiId vdi) throws IOException {
        zero(vdi, Requests.randomZero(model(vdi), random));
    }

    /** Discards or zeroes sectors. */
    void zero(VdiId vdi, DiskModel.Write zeros) throws IOException {
        if (random.nextBoolean()) {
            device(vdi).discard(zeros.offset(), zeros.lengthBytes());
        } else {
            device(vdi).writeZeroes(zeros.offset(), zeros.lengthBytes(), true);
        }
        model(vdi).answered(zeros);
    }

    /** Writes the whole disk. */
    void overwrite(VdiId vdi) throws IOException {
        DiskModel.Write write = model(vdi).write(0, (int) (DISK_BYTES / DiskModel.SECTOR));
        device(vdi).write(write.offset(), write.bytes());
        model(vdi).answered(write);
    }

    void flush(VdiId vdi) throws IOException {
        long begin = model(vdi).flush();
        device(vdi).flush();
        model(vdi).flushed(begin);
        if (takenOver != null) {
            takenOver.flushed();
        }
    }

    /** Writes a few times, and flushes some of it. */
    void work(VdiId vdi) throws IOException {
        int writes = 1 + random.nextInt(3);
        for (int i = 0; i < writes; i++) {
            write(vdi);
            if (random.nextInt(3) == 0) {
                flush(vdi);
            }
        }
    }

    /** Takes a snapshot and remembers what it must hold. */
    VdiId snapshot(VdiId vdi) {
        VdiId snapshot = repository.snapshot(List.of(vdi), "snapshot").get(0).vdi();
        models.put(snapshot, model(vdi).frozen());
        return snapshot;
    }

    /** Gives a disk the content of a snapshot, and remembers that. */
    void revert(VdiId vdi, VdiId snapshot) {
        repository.revert(vdi, snapshot);
        models.put(vdi, model(snapshot).frozen());
    }

    /** Drops what a disk holds itself; it then has the content of its last snapshot. */
    void reset(VdiId vdi, VdiId snapshot) {
        repository.reset(vdi);
        models.put(vdi, model(snapshot).frozen());
    }

    /** Puts a disk upon another, whose content it has then where it was not written. */
    void compose(VdiId parent, VdiId child) {
        repository.compose(parent, child);
        composed(parent, child);
    }

    /** Notes that a disk was put upon another. */
    void composed(VdiId parent, VdiId child) {
        models.put(child, model(child).over(model(parent)));
        models.remove(parent);
    }

    /** Copies a disk within the SR, and waits for the end. */
    Job copy(VdiId source, VdiId copy) {
        Job job = jobs.waitFor(repository.copy(source, repository, "disk", copy).id(), JOB_DEADLINE);
        if (!job.state().ended()) {
            throw new AssertionError("the copy did not end: " + job);
        }
        return job;
    }

    VdiId createRaw(VdiId id) {
        repository.create(new VdiSpec(DISK_BYTES, "disk", "", id, true));
        models.put(id, ancestor.sibling(DISK_BYTES));
        return id;
    }

    /** Makes sure that records, files and journals fit together. */
    void checkSound() {
        SrCheck check = repository.check(false);
        require(check.sound(), check.findings().toString());
    }

    /** Makes sure that a disk's last mebibyte, which no model knows, is zero. */
    void checkEndIsZero(VdiId vdi) throws IOException {
        boolean wasAttached = isAttached(vdi);
        if (!wasAttached) {
            repository.attach(vdi, AccessMode.READ_ONLY);
        }
        ByteBuffer end = ByteBuffer.allocate(1 << 20);
        device(vdi).read(device(vdi).sizeBytes() - end.capacity(), end);
        require(end.flip().mismatch(ByteBuffer.allocate(end.capacity())) < 0, "the end of " + vdi + " is not zero");
        if (!wasAttached) {
            repository.detach(vdi);
        }
    }

    void destroy(VdiId vdi) {
        repository.destroy(vdi);
        models.remove(vdi);
    }

    /** Collects garbage and waits for the end. */
    Job collectGarbage() {
        Job job = jobs.waitFor(repository.collectGarbage().id(), JOB_DEADLINE);
        if (!job.state().ended()) {
            throw new AssertionError("garbage collection did not end: " + job);
        }
        return job;
    }

    /** Returns the content of a disk, through a read-only attachment if it has none. */
    byte[] content(VdiId vdi) throws IOException {
        if (isAttached(vdi)) {
            return Requests.read(device(vdi)::read, DISK_BYTES);
        }
        repository.attach(vdi, AccessMode.READ_ONLY);
        byte[] content = Requests.read(device(vdi)::read, DISK_BYTES);
        repository.detach(vdi);
        return content;
    }

    /** Compares the contents of all disks with their models. */
    void checkContents(Fault fault) throws IOException {
        for (Map.Entry<VdiId, DiskModel> entry : models.entrySet()) {
            try {
                checkContent(entry.getKey(), entry.getValue(), fault);
            } catch (AssertionError | SrException e) {
                throw new AssertionError(entry.getKey() + ": " + e.getMessage(), e);
            }
        }
    }

    private void checkContent(VdiId vdi, DiskModel model, Fault fault) throws IOException {
        boolean wasAttached = isAttached(vdi);
        if (!wasAttached) {
            repository.attach(vdi, AccessMode.READ_ONLY);
        }
        if (fault == Fault.POWER_CUT) {
            model.checkAfterPowerCut(device(vdi)::read);
        } else {
            model.check(device(vdi)::read);
        }
        if (!wasAttached) {
            repository.detach(vdi);
        }
    }

    /** Returns the disks that no model knows. */
    List<Vdi> strays() {
        return repository.vdis().stream()
                .filter(vdi -> !models.containsKey(vdi.vdi()))
                .toList();
    }

    /** Makes sure that exactly the disks with a model are there, and nothing is broken or left over. */
    void checkShape() throws IOException {
        List<VdiId> found = repository.vdis().stream()
                .filter(vdi -> vdi.state() != Vdi.State.WITHOUT_DATA)
                .map(Vdi::vdi)
                .sorted()
                .toList();
        List<VdiId> expected = models.keySet().stream().sorted().toList();
        require(found.equals(expected), "the disks are " + found + ", expected " + expected);
        require(
                repository.stat().problems().isEmpty(),
                "problems: " + repository.stat().problems());
        List<String> leftOver = new ArrayList<>(storage.list(".catena/tmp"));
        leftOver.addAll(storage.list(".catena/journal"));
        require(leftOver.isEmpty(), "left over: " + leftOver);
        List<String> unproven = repository.garbage().status().refused().stream()
                .filter(refusal -> refusal.reason().toString().contains("deleteUnknown"))
                .map(GcStatus.Refusal::node)
                .toList();
        require(unproven.isEmpty(), "nothing proves that these are garbage: " + unproven);
        List<SrHealth.Reason> accused = repository.stat().health().reasons().stream()
                .filter(reason -> reason.kind() == SrHealth.Kind.CONTRADICTION)
                .toList();
        require(accused.isEmpty(), "what the SR did itself is taken for a contradiction: " + accused);
    }

    /** Returns the notes of all nodes of the tree that begin with {@code note}. */
    long nodes(String note) {
        return count(repository.tree(), note);
    }

    private static long count(List<TreeNode> nodes, String note) {
        return nodes.stream()
                .mapToLong(node -> (node.note().startsWith(note) ? 1 : 0) + count(node.children(), note))
                .sum();
    }

    int depth(VdiId vdi) {
        return repository.vdi(vdi).depth();
    }

    /** Works on all disks that can be written, and makes sure that no other is harmed and all files are whole. */
    void checkWorkGoesOn(boolean withReference) throws IOException {
        for (VdiId vdi : models.keySet()) {
            if (!repository.vdi(vdi).readOnly() && !isAttached(vdi)) {
                attach(vdi);
            }
            if (isAttached(vdi)) {
                work(vdi);
            }
        }
        checkContents(Fault.KILL);
        reopen();
        checkContents(Fault.KILL);
        checkShape();
        close();
        VhdFiles.checkFooters(machine.disk("sr"));
        if (withReference && uuids.nextInt(4) == 0) {
            for (VdiId vdi : models.keySet()) {
                VhdFiles.checkWithReference(machine.disk("sr"), vdi + ".vhd", model(vdi));
            }
        }
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
