package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.catena.agent.linux.FuseConnection;
import io.catena.agent.linux.LoopDevice;
import io.catena.agent.linux.MountTable;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.NbdCopy;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.reference.ReferenceReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Disks as block devices of this host, with file systems on them. Only root can have them.
 *
 * <p>{@code -Dkill.rounds=100} kills the agent more often under a mounted file system.
 */
@Tag("slow")
@WholeMachine
class BlockDeviceTest {
    private static final int KILLS = Integer.getInteger("kill.rounds", 2);
    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final long DISK_BYTES = 512 << 20;

    @TempDir
    Path directory;

    private LiveAgent agent;
    private MountedDisks mounts;
    private String sr;
    private String vdi;

    @BeforeEach
    void startAgent() throws IOException {
        assertTrue("root".equals(System.getProperty("user.name")), "block devices need root; run the tests as root");
        agent = LiveAgent.start(directory.resolve("run"));
        mounts = new MountedDisks(directory, directory.resolve("run"));
        sr = agent.createSr("blocks", directory.resolve("sr"));
        vdi = agent.createVdi(sr, "disk", DISK_BYTES);
    }

    @AfterEach
    void leaveNothing() throws IOException {
        if (agent != null) {
            try (LiveAgent ending = agent) {
                mounts.close();
                ending.process().kill9();
            }
            mounts.close();
            assertThat(leftovers()).isEmpty();
        }
    }

    private List<Path> leftovers() throws IOException {
        return MountTable.read().within(blockFile().resolve("..").normalize(), FuseConnection.TYPE);
    }

    /** What the device is made of. */
    private Path blockFile() throws IOException {
        return blockFile(vdi);
    }

    private Path blockFile(String disk) throws IOException {
        return directory.toRealPath().resolve("run/block/" + disk);
    }

    @ParameterizedTest
    @EnumSource
    void aFileSystemIsWholeInTheDiskAndInASnapshotThatWasTakenWhileItWasWritten(MountedDisks.Kind kind)
            throws Exception {
        Path device = agent.attachAsBlock(vdi, "rw");
        MountedDisks.format(device, kind);
        agent.snapshot(vdi);
        Path point = mounts.mount(device);
        String digest = fill(point.resolve("before"), 40 << 20);

        Task<Outcome> fio = Task.start("fio", () -> fio(point.resolve("fio"), "--size=64M"));
        String snapshot = agent.snapshot(vdi);
        agent.snapshot(vdi);
        String later = fill(point.resolve("after"), 20 << 20);
        fio.result(DEADLINE);
        assertThat(agent.vdi(vdi).get("depth").getAsInt()).isGreaterThan(2);
        mounts.unmount(point);
        MountedDisks.check(device, kind);
        byte[] start = read(device, 16 << 20);
        agent.detach(vdi);

        try (ReferenceReader file = ReferenceReader.open(directory.resolve("sr/" + vdi + ".vhd"))) {
            assertThat(file.read(0, 16 << 20)).isEqualTo(start);
        }
        Path again = agent.attachAsBlock(vdi, "rw");
        Path seen = mounts.mount(again);
        assertThat(Digests.sha256(seen.resolve("before"))).isEqualTo(digest);
        assertThat(Digests.sha256(seen.resolve("after"))).isEqualTo(later);
        mounts.unmount(seen);
        agent.detach(vdi);

        String clone = agent.cloneOf(snapshot);
        Path old = agent.attachAsBlock(clone, "rw");
        Path oldPoint = mounts.mount(old);
        assertThat(Digests.sha256(oldPoint.resolve("before"))).isEqualTo(digest);
        assertThat(oldPoint.resolve("after")).doesNotExist();
        mounts.unmount(oldPoint);
        MountedDisks.check(old, kind);
        agent.detach(clone);
    }

    @ParameterizedTest
    @EnumSource
    void aMountedFileSystemLivesThroughKillsOfTheAgent(MountedDisks.Kind kind) throws Exception {
        Path device = agent.attachAsBlock(vdi, "rw");
        MountedDisks.format(device, kind);
        Path point = mounts.mount(device);
        Random random = new Random(7);
        for (int round = 0; round < KILLS; round++) {
            Task<Outcome> fio = Task.start("fio", () -> fio(point.resolve("fio"), "--size=96M", "--fsync=64"));
            fio.endsWithin(Duration.ofMillis(300 + random.nextInt(700)));
            agent.process().kill9();
            agent.process().restart();
            fio.result(DEADLINE);
            assertThat(agent.attachAsBlock(vdi, "rw")).isEqualTo(device);
        }
        agent.process().restart();
        mounts.unmount(point);
        MountedDisks.check(device, kind);
        agent.detach(vdi);
    }

    @Test
    void aFlushOfTheDeviceMakesTheFileWhole() throws Exception {
        byte[] data = new byte[64 << 10];
        Arrays.fill(data, (byte) 0x5A);
        Path device = agent.attachAsBlock(vdi, "rw");
        String source = Files.write(directory.resolve("data"), data).toString();

        Programs.run(DEADLINE, "dd", "if=" + source, "of=" + device, "bs=64k", "seek=100", "oflag=direct");
        assertThat(inFile(100 << 16, data.length)).isNotEqualTo(data);

        Programs.run(DEADLINE, "dd", "if=" + source, "of=" + device, "bs=64k", "seek=101", "conv=fsync");
        assertThat(inFile(100 << 16, data.length)).isEqualTo(data);
        assertThat(inFile(101 << 16, data.length)).isEqualTo(data);
    }

    /** Reads what the agent's file has, as somebody would who has nothing but the file. */
    private byte[] inFile(long offset, int lengthBytes) throws IOException {
        try (ReferenceReader file = ReferenceReader.open(directory.resolve("sr/" + vdi + ".vhd"))) {
            return file.read(offset, lengthBytes);
        }
    }

    /** Of two devices at the same time, as each is waited for. */
    @Test
    void aDeviceInUseIsNotTakenAway() throws Exception {
        Path device = agent.attachAsBlock(vdi, "rw");
        MountedDisks.format(device, MountedDisks.Kind.ext4);
        Path point = mounts.mount(device);
        String other = agent.createVdi(sr, "other", DISK_BYTES);
        Path otherDevice = agent.attachAsBlock(other, "rw");
        try (BackgroundProgram user =
                BackgroundProgram.start("sh", "-c", "exec 5<" + otherDevice + "; echo open; read x")) {
            user.awaitLine("open"::equals, DEADLINE);
            Task<SrException> whileMounted = Task.start("detach a mounted device", () -> refusalOfDetach(vdi));
            assertThat(refusalOfDetach(other)).hasMessageContaining("open in process " + user.pid());
            assertThat(whileMounted.result(DEADLINE)).satisfies(e -> {
                assertThat(e.error()).isEqualTo(SrError.VDI_IN_USE);
                assertThat(e.detail()).contains(device.toString(), "mounted at " + point);
            });
            Task<String> detach = Task.start("detach", () -> {
                agent.detach(other);
                return "detached";
            });
            user.kill9();
            assertThat(detach.result(DEADLINE)).isEqualTo("detached");
        }
        mounts.unmount(point);
        agent.detach(vdi);
        for (String disk : List.of(vdi, other)) {
            assertThat(LoopDevice.of(blockFile(disk))).isEmpty();
            assertThat(blockFile(disk)).doesNotExist();
        }
    }

    private SrException refusalOfDetach(String disk) {
        SrException refusal = catchThrowableOfType(SrException.class, () -> agent.detach(disk));
        assertThat(refusal).as("the refusal").isNotNull();
        return refusal;
    }

    @Test
    void aReadOnlyDiskIsAReadOnlyDevice() throws Exception {
        String snapshot = agent.snapshot(vdi);
        Path device = agent.attachAsBlock(snapshot, "ro");

        assertThat(Programs.run(DEADLINE, "blockdev", "--getro", device.toString())
                        .stdout())
                .startsWith("1");
        Outcome writing = Programs.tryRun(DEADLINE, "dd", "if=/dev/zero", "of=" + device, "count=1", "conv=notrunc");
        assertThat(writing.exitCode()).isNotZero();
        agent.detach(snapshot);
    }

    @Test
    void sectorsHave512BytesAndDiscardsGiveSpaceBack() throws Exception {
        Path device = agent.attachAsBlock(vdi, "rw");
        assertThat(Programs.run(DEADLINE, "blockdev", "--getss", "--getpbsz", device.toString())
                        .stdout()
                        .lines())
                .containsExactly("512", "512");
        Programs.run(DEADLINE, "dd", "if=/dev/urandom", "of=" + device, "bs=2M", "count=20", "oflag=direct");
        long full = agent.vdi(vdi).get("physicalBytes").getAsLong();

        Programs.run(DEADLINE, "blkdiscard", "-l", "40M", device.toString());
        Programs.run(DEADLINE, "dd", "if=/dev/zero", "of=" + device, "count=1", "conv=fsync");

        assertThat(read(device, 40 << 20)).containsOnly(0);
        assertThat(agent.vdi(vdi).get("physicalBytes").getAsLong()).isLessThan(full - (30 << 20));
    }

    @Test
    void aDiskThatGrowsGrowsUnderItsFileSystem() throws Exception {
        Path device = agent.attachAsBlock(vdi, "rw");
        MountedDisks.format(device, MountedDisks.Kind.xfs);
        Path point = mounts.mount(device);
        String digest = fill(point.resolve("data"), 8 << 20);

        agent.resize(vdi, 2 * DISK_BYTES);

        assertThat(Programs.run(DEADLINE, "blockdev", "--getsize64", device.toString())
                        .stdout())
                .startsWith(Long.toString(2 * DISK_BYTES));
        Programs.run(DEADLINE, "xfs_growfs", point.toString());
        assertThat(point.toFile().getTotalSpace()).isGreaterThan(DISK_BYTES * 3 / 2);
        fill(point.resolve("more"), (int) (DISK_BYTES * 5 / 4));
        assertThat(Digests.sha256(point.resolve("data"))).isEqualTo(digest);
        mounts.unmount(point);
        MountedDisks.check(device, MountedDisks.Kind.xfs);
        agent.detach(vdi);
    }

    @Test
    void aRawDiskIsNotWrittenPastItsSnapshot() throws Exception {
        JsonObject raw = new JsonObject();
        raw.addProperty("sizeBytes", 64L << 20);
        raw.addProperty("raw", true);
        String disk = LiveAgent.id(agent.api().post("/v1/srs/" + sr + "/vdis", raw), "vdi");
        Path device = agent.attachAsBlock(disk, "rw");
        Programs.run(DEADLINE, "dd", "if=/dev/urandom", "of=" + device, "bs=1M", "count=8", "oflag=direct");
        String before = NbdCopy.sha256(agent.attach(disk), DEADLINE);

        String snapshot = agent.snapshot(disk);
        Programs.run(DEADLINE, "dd", "if=/dev/urandom", "of=" + device, "bs=1M", "count=8", "oflag=direct");

        assertThat(NbdCopy.sha256(agent.attachReadOnly(snapshot), DEADLINE)).isEqualTo(before);
        assertThat(NbdCopy.sha256(agent.attach(disk), DEADLINE)).isNotEqualTo(before);
        agent.detach(disk);
    }

    @Test
    void whatADeadAgentLeftOfDisksThatAreNotWantedIsRemoved() throws Exception {
        agent.attachAsBlock(vdi, "rw");
        agent.process().kill9();
        Path state = directory.resolve("run/state.json");
        String remembered = Files.readString(state, StandardCharsets.UTF_8);
        Files.writeString(state, remembered.replaceAll("\"vdis\":\\[.*]}]}", "\"vdis\":[]}]}"), StandardCharsets.UTF_8);
        assertThat(leftovers()).hasSize(1);

        agent.process().restart();

        assertThat(leftovers()).isEmpty();
        assertThat(LoopDevice.of(blockFile())).isEmpty();
        assertThat(agent.vdi(vdi).get("state").getAsString()).isEqualTo("detached");
    }

    @Test
    void aDeviceThatNobodyKeptIsMadeAnew() throws Exception {
        Path device = agent.attachAsBlock(vdi, "rw");
        Programs.run(DEADLINE, "dd", "if=/dev/urandom", "of=" + device, "bs=1M", "count=8", "oflag=direct");
        byte[] written = read(device, 8 << 20);
        agent.process().kill9();
        killKeeper();

        agent.process().restart();

        assertThat(read(agent.attachAsBlock(vdi, "rw"), 8 << 20)).isEqualTo(written);
        agent.detach(vdi);
    }

    /** Ends the process that keeps the connection of the device open, as somebody may who tidies up a host. */
    private void killKeeper() throws IOException {
        String wanted = "CATENA_KEEPS=" + blockFile() + "\0";
        try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (environment(process).contains(wanted)) {
                    ProcessHandle.of(Long.parseLong(process.getFileName().toString()))
                            .ifPresent(ProcessHandle::destroyForcibly);
                }
            }
        }
    }

    /** Empty of a process that has ended meanwhile. */
    private static String environment(Path process) {
        try {
            return Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private static Outcome fio(Path file, String... more) throws IOException {
        String[] job = {
            "fio",
            "--name=block",
            "--filename=" + file,
            "--rw=randwrite",
            "--bssplit=4k/70:64k/30",
            "--ioengine=libaio",
            "--direct=1",
            "--iodepth=8",
            "--verify=crc32c",
            "--verify_fatal=1",
            "--aux-path=" + file.getParent()
        };
        String[] all = Arrays.copyOf(job, job.length + more.length);
        System.arraycopy(more, 0, all, job.length, more.length);
        return Programs.run(DEADLINE, all);
    }

    /** Writes a file, durably, and returns its digest. */
    private static String fill(Path file, int lengthBytes) throws Exception {
        Random random = new Random(lengthBytes);
        byte[] piece = new byte[1 << 20];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int at = 0; at < lengthBytes; at += piece.length) {
                random.nextBytes(piece);
                channel.write(ByteBuffer.wrap(piece));
            }
            channel.force(true);
        }
        return Digests.sha256(file);
    }

    private static byte[] read(Path device, int lengthBytes) throws IOException {
        try (var in = Files.newInputStream(device)) {
            return in.readNBytes(lengthBytes);
        }
    }
}
