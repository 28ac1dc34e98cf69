package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.api.VdiUpload;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.store.FileStorage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An SR with trees of disks, beside what each of them holds. For one thread. */
final class DiskTrees implements AutoCloseable {
    static final int PAGE = 64 << 10;
    static final int BLOCK = 2 << 20;
    static final int DISK_BYTES = 6 * BLOCK;
    private static final int STEPS = 40;
    private static final int MOST_BLOCKS = 9;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    final List<VdiId> snapshots = new ArrayList<>();
    VhdRepository sr;
    private final FileStorage storage;
    private final Path directory;
    private final Path redo;

    /** The snapshots whose data was given up; what they held is still known here. */
    final List<VdiId> withoutData = new ArrayList<>();

    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private final DirectExports exports = new DirectExports();
    private final TreeMap<VdiId, byte[]> contents = new TreeMap<>();
    private final TreeMap<VdiId, History> histories = new TreeMap<>();

    DiskTrees(Path directory, Path redo) {
        this.directory = directory;
        this.redo = redo;
        storage = LinuxFiles.storage(directory);
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "sr");
        sr = attach();
    }

    /** Lets go of the SR and attaches it again. */
    void reopen() throws IOException {
        sr.close();
        open();
    }

    /** Attaches the SR again after it was closed. */
    void open() {
        sr = attach();
    }

    private VhdRepository attach() {
        return VhdRepository.attach(
                storage,
                directory.toString(),
                new Environment(
                        new FileStorage(redo),
                        new UUID(1, 1),
                        exports,
                        jobs,
                        Clock.systemUTC(),
                        System::nanoTime,
                        UUID::randomUUID));
    }

    @Override
    public void close() throws IOException {
        sr.close();
        jobs.close();
    }

    byte[] content(VdiId disk) {
        return Objects.requireNonNull(contents.get(disk), "content");
    }

    History history(VdiId disk) {
        return Objects.requireNonNull(histories.get(disk), "history");
    }

    /** Returns whether there is still a disk or snapshot with data in the tree of one. */
    boolean hasDataOfTree(VdiId vdi) {
        return histories.entrySet().stream()
                .anyMatch(other -> !withoutData.contains(other.getKey())
                        && other.getValue().isOfOneTree(history(vdi)));
    }

    private void touched(VdiId disk, int from, int to) {
        histories.put(disk, history(disk).touch(from, to));
    }

    /** As {@link #grow}, and gives up the data of snapshots on the way. */
    void growAndGiveUp(Random random) throws IOException {
        List<VdiId> disks = new ArrayList<>(List.of(create()));
        for (int step = 0; step < STEPS; step++) {
            VdiId disk = disks.get(random.nextInt(disks.size()));
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> cut(disk);
                case 3 -> disks.add(copyOf(disk, sr.clone(disk, "clone").vdi()));
                case 4 -> discard(disk, random.nextInt(DISK_BYTES / BLOCK));
                case 5 -> revert(disk, random);
                case 6, 7 -> giveUp(random);
                case 8 -> collect();
                case 9 -> reopen();
                default -> write(disk, PAGE * random.nextInt(DISK_BYTES / PAGE), bytes(random));
            }
        }
        cut(disks.get(0));
    }

    /** As {@link #growAndGiveUp}, and disks grow and are put upon others. */
    void growOfAllSizes(Random random) throws IOException {
        List<VdiId> disks = new ArrayList<>(List.of(create()));
        for (int step = 0; step < STEPS; step++) {
            VdiId disk = disks.get(random.nextInt(disks.size()));
            int blocks = content(disk).length / BLOCK;
            switch (random.nextInt(15)) {
                case 0, 1, 2 -> cut(disk);
                case 3 -> disks.add(largerClone(disk, grown(blocks, random)));
                case 4 -> discard(disk, random.nextInt(blocks));
                case 5 -> revert(disk, random);
                case 6, 7 -> giveUp(random);
                case 8 -> collect();
                case 9 -> reopen();
                case 10, 11 -> resize(disk, grown(blocks, random), random.nextBoolean());
                case 12 -> disks.set(disks.indexOf(disk), compose(disk, grown(blocks, random), random));
                default -> write(disk, PAGE * random.nextInt(blocks * BLOCK / PAGE), bytes(random));
            }
        }
        cut(disks.get(0));
    }

    /** Returns a size in bytes. */
    private static int grown(int blocks, Random random) {
        return Math.min(MOST_BLOCKS, blocks + random.nextInt(2)) * BLOCK;
    }

    private VdiId largerClone(VdiId disk, int sizeBytes) {
        VdiId clone = copyOf(disk, sr.clone(disk, "clone", sizeBytes).vdi());
        grew(clone, sizeBytes);
        return clone;
    }

    private void resize(VdiId disk, int sizeBytes, boolean whileActive) {
        if (whileActive) {
            sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        }
        sr.resize(disk, sizeBytes);
        grew(disk, sizeBytes);
        if (whileActive) {
            sr.detach(disk, Hold.HOST);
        }
    }

    private void grew(VdiId disk, int sizeBytes) {
        int before = content(disk).length;
        if (sizeBytes > before) {
            contents.put(disk, Arrays.copyOf(content(disk), sizeBytes));
            touched(disk, before, sizeBytes);
        }
    }

    /** Puts a disk of which there is a snapshot, and that was written to, upon another; returns it. */
    private VdiId compose(VdiId parent, int sizeBytes, Random random) throws IOException {
        VdiId child = sr.create(new VdiSpec(sizeBytes, "mirror", "", null, false, Map.of("base_mirror", "1")))
                .vdi();
        contents.put(child, new byte[sizeBytes]);
        histories.put(child, History.begin());
        cut(child);
        BitSet own = new BitSet();
        for (int i = 0; i < 2; i++) {
            byte[] pages = {(byte) random.nextInt(), 0};
            int offset = PAGE * random.nextInt(sizeBytes / PAGE - 1);
            write(child, offset, pages);
            own.set(offset / PAGE, offset / PAGE + pages.length);
        }
        sr.compose(parent, child);
        byte[] seen = Arrays.copyOf(content(parent), sizeBytes);
        own.stream().forEach(page -> System.arraycopy(content(child), page * PAGE, seen, page * PAGE, PAGE));
        int before = content(parent).length;
        History upon = history(parent).then(history(child));
        contents.put(child, seen);
        histories.put(child, sizeBytes > before ? upon.touch(before, sizeBytes) : upon);
        contents.remove(parent);
        histories.remove(parent);
        return child;
    }

    void grow(Random random) throws IOException {
        List<VdiId> disks = new ArrayList<>(List.of(create()));
        for (int step = 0; step < STEPS; step++) {
            VdiId disk = disks.get(random.nextInt(disks.size()));
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> cut(disk);
                case 3 -> disks.add(copyOf(disk, sr.clone(disk, "clone").vdi()));
                case 4 -> discard(disk, random.nextInt(DISK_BYTES / BLOCK));
                case 5 -> revert(disk, random);
                case 6 -> forget(random);
                default -> write(disk, PAGE * random.nextInt(DISK_BYTES / PAGE), bytes(random));
            }
        }
        cut(disks.get(0));
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(3)];
        random.nextBytes(bytes);
        return bytes;
    }

    VdiId create() {
        VdiId disk = sr.create(new VdiSpec(DISK_BYTES, "disk", "", null, false)).vdi();
        contents.put(disk, new byte[DISK_BYTES]);
        histories.put(disk, History.begin());
        return disk;
    }

    private VdiId copyOf(VdiId disk, VdiId copy) {
        contents.put(copy, content(disk).clone());
        histories.put(copy, history(disk));
        return copy;
    }

    VdiId cut(VdiId disk) {
        VdiId snapshot =
                copyOf(disk, sr.snapshot(List.of(disk), "snapshot").get(0).vdi());
        snapshots.add(snapshot);
        return snapshot;
    }

    /** Writes as many pages as there are bytes, each full of one of them. */
    void write(VdiId disk, int offset, byte[] pages) throws IOException {
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        for (int i = 0; i < pages.length && offset + (i + 1) * PAGE <= content(disk).length; i++) {
            byte[] page = new byte[PAGE];
            Arrays.fill(page, pages[i]);
            exports.device(disk).write(offset + (long) i * PAGE, ByteBuffer.wrap(page));
            System.arraycopy(page, 0, content(disk), offset + i * PAGE, PAGE);
            touched(disk, offset + i * PAGE, offset + (i + 1) * PAGE);
        }
        sr.detach(disk, Hold.HOST);
    }

    void discard(VdiId disk, int block) throws IOException {
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        exports.device(disk).discard((long) block * BLOCK, BLOCK);
        ByteBuffer left = ByteBuffer.allocate(BLOCK);
        exports.device(disk).read((long) block * BLOCK, left);
        System.arraycopy(left.array(), 0, content(disk), block * BLOCK, BLOCK);
        touched(disk, block * BLOCK, (block + 1) * BLOCK);
        sr.detach(disk, Hold.HOST);
    }

    void revert(VdiId disk, Random random) {
        List<VdiId> own = snapshots.stream()
                .filter(snapshot -> disk.equals(sr.vdi(snapshot).snapshotOf()))
                .filter(snapshot -> history(disk).isOfOneTree(history(snapshot)))
                .toList();
        if (!own.isEmpty()) {
            VdiId snapshot = own.get(random.nextInt(own.size()));
            sr.revert(disk, snapshot);
            copyOf(snapshot, disk);
        }
    }

    void forget(Random random) {
        if (snapshots.size() > 2) {
            VdiId snapshot = snapshots.remove(random.nextInt(snapshots.size()));
            sr.destroy(snapshot);
            contents.remove(snapshot);
            collect();
        }
    }

    /** Gives up the data of a snapshot, or now and then that for good, too. */
    void giveUp(Random random) {
        if (snapshots.size() > 1) {
            VdiId snapshot = snapshots.remove(random.nextInt(snapshots.size()));
            sr.destroyData(snapshot);
            withoutData.add(snapshot);
        }
        if (withoutData.size() > 4) {
            VdiId gone = withoutData.remove(0);
            sr.destroy(gone);
            histories.remove(gone);
        }
        if (random.nextBoolean()) {
            collect();
        }
    }

    void collect() {
        Job job = jobs.waitFor(sr.garbage().run().id(), PATIENCE);
        assertThat(job.state()).as(job.toString()).isEqualTo(Job.State.DONE);
        assertThat(job.result()).doesNotContain("set aside");
    }

    /** Returns what is sent of a disk. */
    byte[] exported(VdiId vdi, StreamFormat format, @Nullable VdiId base, long from) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (VdiStream stream = sr.contents().export(vdi, format, base)) {
            stream.writeTo(Channels.newChannel(out), from);
            assertThat(out.size()).isEqualTo((int) (stream.lengthBytes() - from));
        }
        return out.toByteArray();
    }

    /**
     * Makes a disk of what is sent.
     *
     * @param length -1 if it is not told
     */
    VdiId imported(StreamFormat format, byte[] bytes, long length) throws IOException {
        VdiUpload upload = sr.contents().upload(format, Channels.newChannel(new ByteArrayInputStream(bytes)), length);
        return imported(upload, null, false);
    }

    /** Makes a disk of a stream that holds what changed. */
    VdiId importedUpon(@Nullable VdiId base, boolean force, byte[] vhd) throws IOException {
        VdiUpload upload =
                sr.contents().upload(StreamFormat.VHD, Channels.newChannel(new ByteArrayInputStream(vhd)), -1);
        return imported(upload, base, force);
    }

    private VdiId imported(VdiUpload upload, @Nullable VdiId base, boolean force) throws IOException {
        VdiSpec spec = new VdiSpec(upload.sizeBytes(), "imported", "", null, false);
        try (VdiImport target = sr.importVdi(spec, upload.origin().upon(base, force))) {
            upload.copyTo(target);
            return target.commit().vdi();
        }
    }
}
