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
import java.util.List;
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
        return disk;
    }

    private VdiId copyOf(VdiId disk, VdiId copy) {
        contents.put(copy, content(disk).clone());
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
        for (int i = 0; i < pages.length && offset + (i + 1) * PAGE <= DISK_BYTES; i++) {
            byte[] page = new byte[PAGE];
            Arrays.fill(page, pages[i]);
            exports.device(disk).write(offset + (long) i * PAGE, ByteBuffer.wrap(page));
            System.arraycopy(page, 0, content(disk), offset + i * PAGE, PAGE);
        }
        sr.detach(disk, Hold.HOST);
    }

    void discard(VdiId disk, int block) throws IOException {
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        exports.device(disk).discard((long) block * BLOCK, BLOCK);
        ByteBuffer left = ByteBuffer.allocate(BLOCK);
        exports.device(disk).read((long) block * BLOCK, left);
        System.arraycopy(left.array(), 0, content(disk), block * BLOCK, BLOCK);
        sr.detach(disk, Hold.HOST);
    }

    void revert(VdiId disk, Random random) {
        List<VdiId> own = snapshots.stream()
                .filter(snapshot -> disk.equals(sr.vdi(snapshot).snapshotOf()))
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
            sr.destroy(withoutData.remove(0));
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
