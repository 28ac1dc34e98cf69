package io.catena.harness.merge;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.DeletionGain;
import io.catena.api.Job;
import io.catena.api.JointGain;
import io.catena.api.SrId;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.harness.tool.BareSr;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told to come back when a disk is deleted comes back: trees made at random, all of whose disks go one by one. */
@Tag("slow")
class DeletionGainTest {
    private static final int BLOCK = 2 << 20;
    private static final int BLOCKS = 8;
    private static final int STEPS = 24;

    /** Headers and tables of the files that go with a merge. */
    private static final long HEADERS = 256 << 10;

    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final Storage storage = SimulatedStorage.disk(1);
    private final BareSr sr = new BareSr(storage, SimulatedStorage.tmpfs(2), 3);
    private final Jobs jobs = BareSr.jobs();

    @AfterEach
    void close() {
        jobs.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void whatIsToldComesBack(long seed) throws IOException {
        VhdRepository.create(storage, new SrId(new UUID(1, 1)), "sr");
        Random random = new Random(seed);
        try (VhdRepository repository = sr.attach(jobs)) {
            grow(repository, random);
            List<VdiId> disks =
                    new ArrayList<>(repository.vdis().stream().map(Vdi::vdi).toList());
            Collections.shuffle(disks, random);
            collect(repository);
            long told = 0;
            for (VdiId disk : disks) {
                told += delete(repository, disk);
            }

            assertThat(told).as("there was something to tell").isGreaterThan(10L * BLOCK);
            assertThat(repository.stat().physicalBytes()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void whatIsToldOfSeveralTogetherComesBack(long seed) throws IOException {
        VhdRepository.create(storage, new SrId(new UUID(1, 1)), "sr");
        Random random = new Random(seed);
        try (VhdRepository repository = sr.attach(jobs)) {
            grow(repository, random);
            List<VdiId> disks =
                    new ArrayList<>(repository.vdis().stream().map(Vdi::vdi).toList());
            Collections.shuffle(disks, random);
            collect(repository);
            while (!disks.isEmpty()) {
                List<VdiId> some = List.copyOf(disks.subList(0, Math.min(disks.size(), 2 + random.nextInt(5))));
                disks.removeAll(some);
                deleteTogether(repository, some);
            }

            assertThat(repository.stat().physicalBytes()).isZero();
        }
    }

    private void deleteTogether(VhdRepository repository, List<VdiId> disks) {
        JointGain gain = repository.garbage().gain(disks);
        long before = repository.stat().physicalBytes();
        disks.forEach(repository::destroy);
        long between = repository.stat().physicalBytes();
        collect(repository);
        long after = repository.stat().physicalBytes();

        assertThat(before - between).as("at once, of %s", disks).isEqualTo(gain.atOnceBytes());
        long headers = disks.size() * HEADERS;
        assertThat(between - after)
                .as("later, of %s", disks)
                .isBetween(gain.laterBytes() - headers, gain.laterBytes() + headers);
    }

    /** Returns what was told. */
    private long delete(VhdRepository repository, VdiId disk) {
        DeletionGain gain = repository.garbage().gain(disk);
        long before = repository.stat().physicalBytes();
        repository.destroy(disk);
        long between = repository.stat().physicalBytes();
        collect(repository);
        long after = repository.stat().physicalBytes();

        assertThat(before - between).as("at once, of %s", disk).isEqualTo(gain.atOnceBytes());
        assertThat(between - after)
                .as("later, of %s", disk)
                .isBetween(gain.laterBytes() - HEADERS, gain.laterBytes() + HEADERS);
        return gain.atOnceBytes() + gain.laterBytes();
    }

    /** Disks that are written in whole blocks, cut and cloned at random; nothing is attached at the end. */
    private void grow(VhdRepository repository, Random random) throws IOException {
        List<VdiId> disks = new ArrayList<>();
        disks.add(repository
                .create(new VdiSpec((long) BLOCKS * BLOCK, "disk", "", null, false))
                .vdi());
        for (int i = 0; i < STEPS; i++) {
            VdiId disk = disks.get(random.nextInt(disks.size()));
            write(repository, disk, random);
            if (random.nextInt(4) == 0) {
                disks.add(repository.clone(disk, "clone " + i).vdi());
            } else {
                repository.snapshot(List.of(disk), "snapshot " + i);
            }
        }
    }

    private void write(VhdRepository repository, VdiId disk, Random random) throws IOException {
        repository.attach(disk, AccessMode.READ_WRITE);
        BlockDevice device = sr.device(disk);
        byte[] block = new byte[BLOCK];
        for (int i = 0; i < 3; i++) {
            random.nextBytes(block);
            device.write((long) random.nextInt(BLOCKS) * BLOCK, ByteBuffer.wrap(block));
        }
        device.flush();
        repository.detach(disk);
    }

    private void collect(VhdRepository repository) {
        Job job = jobs.waitFor(repository.collectGarbage().id(), DEADLINE);
        assertThat(job.state()).as("%s", job).isEqualTo(Job.State.DONE);
    }
}
