package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.DiskRange;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.harness.model.DirectExports;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.peer.ReferenceReader;
import io.catena.harness.sim.Seeds;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.store.FileStorage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changed blocks and streams of random trees of disks, beside what the disks really hold. */
@Tag("slow")
class ContentsTest {
    private static final int PAGE = 64 << 10;
    private static final int BLOCK = 2 << 20;
    private static final int DISK_BYTES = 6 * BLOCK;
    private static final int STEPS = 40;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    @TempDir
    Path exported;

    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private final DirectExports exports = new DirectExports();

    /** What each disk holds. */
    private final TreeMap<VdiId, byte[]> contents = new TreeMap<>();

    private final List<VdiId> snapshots = new ArrayList<>();
    private VhdRepository sr;

    @BeforeEach
    void attach() {
        FileStorage storage = LinuxFiles.storage(directory);
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "sr");
        sr = VhdRepository.attach(
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

    @AfterEach
    void detach() throws IOException {
        sr.close();
        jobs.close();
    }

    @Seeds(3)
    void changesBetweenAllSnapshotsOfRandomTreesAreToldAndStreamed(long seed) throws IOException {
        Random random = new Random(seed);
        grow(random);
        for (VdiId snapshot : snapshots) {
            assertCovers(sr.contents().changes(snapshot, null), new byte[DISK_BYTES], snapshot);
            for (VdiId base : snapshots) {
                assertCovers(sr.contents().changes(snapshot, base), content(base), snapshot);
            }
        }
        stream(random);
    }

    @Test
    void onlyWhatWasWrittenHasChanged() throws IOException {
        VdiId disk = create();
        VdiId before = cut(disk);
        write(disk, 3 * PAGE, new byte[] {1});
        VdiId after = cut(disk);

        assertThat(sr.contents().changes(after, before)).containsExactly(new DiskRange(3 * PAGE, PAGE));
        assertThat(sr.contents().changes(before, after)).containsExactly(new DiskRange(3 * PAGE, PAGE));
        assertThat(sr.contents().changes(after, after)).isEmpty();
    }

    @Test
    void aDiskThatGrewHasChangedBehindItsOldEnd() throws IOException {
        VdiId disk = create();
        VdiId before = cut(disk);
        sr.resize(disk, DISK_BYTES + BLOCK);
        VdiId after = cut(disk);

        assertThat(sr.contents().changes(after, before)).containsExactly(new DiskRange(DISK_BYTES, BLOCK));
    }

    @Test
    void whatIsWrittenOrStrangeIsRefused() throws IOException {
        VdiId disk = create();
        VdiId other = create();
        sr.attachAndActivate(other, Hold.HOST, AccessMode.READ_WRITE);

        assertThat(errorOf(() -> sr.contents().changes(other, null))).isEqualTo(SrError.VDI_IN_USE);
        assertThat(errorOf(() -> sr.contents().export(other, StreamFormat.RAW, null)))
                .isEqualTo(SrError.VDI_IN_USE);
        sr.detach(other, Hold.HOST);
        assertThat(errorOf(() -> sr.contents().changes(disk, other))).isEqualTo(SrError.BAD_REQUEST);
        try (VdiStream stream = sr.contents().export(other, StreamFormat.RAW, null)) {
            assertThat(stream.lengthBytes()).isEqualTo(DISK_BYTES);
            assertThatThrownBy(() -> sr.destroy(other)).isInstanceOf(SrException.class);
        }
        sr.destroy(other);
    }

    private byte[] content(VdiId disk) {
        return Objects.requireNonNull(contents.get(disk), "content");
    }

    private static SrError errorOf(Runnable work) {
        try {
            work.run();
        } catch (SrException e) {
            return e.error();
        }
        throw new AssertionError("nothing was refused");
    }

    private void grow(Random random) throws IOException {
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

    private VdiId create() {
        VdiId disk = sr.create(new VdiSpec(DISK_BYTES, "disk", "", null, false)).vdi();
        contents.put(disk, new byte[DISK_BYTES]);
        return disk;
    }

    private VdiId copyOf(VdiId disk, VdiId copy) {
        contents.put(copy, content(disk).clone());
        return copy;
    }

    private VdiId cut(VdiId disk) {
        VdiId snapshot =
                copyOf(disk, sr.snapshot(List.of(disk), "snapshot").get(0).vdi());
        snapshots.add(snapshot);
        return snapshot;
    }

    /** Writes as many pages as there are bytes, each full of one of them. */
    private void write(VdiId disk, int offset, byte[] pages) throws IOException {
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        for (int i = 0; i < pages.length && offset + (i + 1) * PAGE <= DISK_BYTES; i++) {
            byte[] page = new byte[PAGE];
            Arrays.fill(page, pages[i]);
            exports.device(disk).write(offset + (long) i * PAGE, ByteBuffer.wrap(page));
            System.arraycopy(page, 0, content(disk), offset + i * PAGE, PAGE);
        }
        sr.detach(disk, Hold.HOST);
    }

    private void discard(VdiId disk, int block) throws IOException {
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        exports.device(disk).discard((long) block * BLOCK, BLOCK);
        ByteBuffer left = ByteBuffer.allocate(BLOCK);
        exports.device(disk).read((long) block * BLOCK, left);
        System.arraycopy(left.array(), 0, content(disk), block * BLOCK, BLOCK);
        sr.detach(disk, Hold.HOST);
    }

    private void revert(VdiId disk, Random random) {
        List<VdiId> own = snapshots.stream()
                .filter(snapshot -> disk.equals(sr.vdi(snapshot).snapshotOf()))
                .toList();
        if (!own.isEmpty()) {
            VdiId snapshot = own.get(random.nextInt(own.size()));
            sr.revert(disk, snapshot);
            copyOf(snapshot, disk);
        }
    }

    private void forget(Random random) {
        if (snapshots.size() > 2) {
            VdiId snapshot = snapshots.remove(random.nextInt(snapshots.size()));
            sr.destroy(snapshot);
            contents.remove(snapshot);
            Job job = jobs.waitFor(sr.garbage().run().id(), PATIENCE);
            assertThat(job.state()).as(job.toString()).isEqualTo(Job.State.DONE);
        }
    }

    private void assertCovers(List<DiskRange> changes, byte[] before, VdiId disk) {
        byte[] after = content(disk);
        long end = 0;
        for (DiskRange range : changes) {
            assertThat(range.offset()).as("order of %s", changes).isGreaterThanOrEqualTo(end);
            assertThat(Arrays.equals(after, (int) end, (int) range.offset(), before, (int) end, (int) range.offset()))
                    .as("unchanged from %s to %s", end, range.offset())
                    .isTrue();
            end = range.end();
        }
        assertThat(Arrays.equals(after, (int) end, DISK_BYTES, before, (int) end, DISK_BYTES))
                .as("unchanged from %s on", end)
                .isTrue();
    }

    /** The first snapshot whole, and each other as what changed since the one before it in time that is of the same tree. */
    private void stream(Random random) throws IOException {
        VdiId base = snapshots.get(0);
        Path full = write(base, null, random);
        assertHolds(full, base);
        Path raw = Files.write(exported.resolve("raw"), content(base));
        assertThat(QemuImg.isSame(full, raw)).as("qemu reads the same").isTrue();
        for (VdiId snapshot : snapshots.subList(1, snapshots.size())) {
            assertHolds(write(snapshot, base, random), snapshot);
            base = snapshot;
        }
        assertThat(bytes(base, StreamFormat.RAW, null, 0)).isEqualTo(content(base));
    }

    private Path write(VdiId snapshot, @Nullable VdiId base, Random random) throws IOException {
        byte[] whole = bytes(snapshot, StreamFormat.VHD, base, 0);
        int from = random.nextInt(whole.length);
        assertThat(bytes(snapshot, StreamFormat.VHD, base, from))
                .as("the rest from byte %s on", from)
                .isEqualTo(Arrays.copyOfRange(whole, from, whole.length));
        return Files.write(exported.resolve(snapshot + ".vhd"), whole);
    }

    private byte[] bytes(VdiId vdi, StreamFormat format, @Nullable VdiId base, long from) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (VdiStream stream = sr.contents().export(vdi, format, base)) {
            stream.writeTo(Channels.newChannel(out), from);
            assertThat(out.size()).isEqualTo((int) (stream.lengthBytes() - from));
        }
        return out.toByteArray();
    }

    private void assertHolds(Path vhd, VdiId vdi) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(vhd)) {
            assertThat(Arrays.equals(reader.read(0, DISK_BYTES), content(vdi)))
                    .as("%s holds what VDI %s does", vhd, vdi)
                    .isTrue();
        }
    }
}
