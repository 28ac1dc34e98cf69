package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.api.SrException;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.peer.VhdiMount;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** What a guest writes to disks that other programs made is what those programs then read. */
@Tag("slow")
class AdoptedWritesTest {
    private static final int SECTOR = 512;
    private static final int WRITES = 80;
    private static final int MAX_WRITE_SECTORS = 512;

    /** The model of a disk is kept in memory, and compared sector by sector. */
    private static final long MAX_DISK_BYTES = 64L << 20;

    private static final Duration DEADLINE = Duration.ofMinutes(1);

    /** Their leaves are written; all but the last have blocks of 2 MiB. */
    private static final List<String> FIXTURES = List.of(
            "dyn-empty",
            "dyn-data",
            "dyn-prealloc",
            "fixed",
            "dyn-511-footer",
            "chain3",
            "chain-dirs",
            "raw-parent",
            "child-larger",
            "skip-empty-parent",
            "hidden",
            "marker",
            "keyhash",
            "saved",
            "nobatmap-v11",
            "parent-touched",
            "resize-nomove",
            "resize-fast",
            "modify-zero",
            "modify-parent",
            "coalesced",
            "tapdisk-written",
            "tapdisk-killed",
            "bad-qemu-wrote-batmap",
            "qemu-wrote-partial",
            "qemu-dyn",
            "qemu-dyn-force",
            "qemu-fixed",
            "qemu-fixed-force",
            "synth-hyperv-chain",
            "synth-locspace-sectors",
            "synth-layout",
            "synth-azure-fixed",
            "bad-primary-zeroed",
            "bad-backup-zeroed",
            "bad-lost-footer",
            "bad-stray-data",
            "synth-block512k");

    /** Reads what lies in a block where the bitmap is clear. */
    private static final Set<String> NOT_FOR_QEMU = Set.of("bad-stray-data");

    /**
     * libvhdi takes the size from the footer's original size, which a resize does not change; and of a disk with blocks of
     * 512 KiB it returns wrong bytes to readers that ask for less than 64 KiB at once.
     */
    private static final Set<String> NOT_FOR_LIBVHDI = Set.of("resize-nomove", "resize-fast", "synth-block512k");

    /** Chains that libvhdi reads right: their parents are beside them, and no bitmap is mixed within 4 KiB. */
    private static final Set<String> CHAINS_FOR_LIBVHDI = Set.of("synth-hyperv-chain");

    @TempDir
    Path directory;

    /** A disk that was written, and what it has to hold. */
    private record Written(String fixture, Path file, boolean hasParent, String sha256) {}

    @Seeds(1)
    void otherProgramsReadWhatWasWritten(long seed) throws Exception {
        Fixtures fixtures = Fixtures.unpack(directory);
        Random random = new Random(seed);
        List<Written> written = new ArrayList<>();
        // One chain's parent lies in another directory, which is opened only where the admin says so.
        String parents = fixtures.get("chain-dirs").directory().resolve("p/q").toString();
        try (LiveAgent agent = LiveAgent.start(directory.resolve("run"), "--allow-parent", parents)) {
            for (String name : FIXTURES) {
                written.addAll(writeLeaves(agent, fixtures.get(name), random));
            }
            assertThat(agent.process().terminate()).isZero();
        }
        assertThat(written).hasSizeGreaterThanOrEqualTo(FIXTURES.size());
        for (Written disk : written) {
            checkWithReference(disk);
            checkWithQemu(disk);
            checkWithLibvhdi(disk);
        }
        checkThatParentsAreUntouched(fixtures, written);
    }

    private static List<Written> writeLeaves(LiveAgent agent, Fixture fixture, Random random) throws IOException {
        List<Written> written = new ArrayList<>();
        boolean inDirectories = fixture.name().equals("chain-dirs");
        String sr = agent.attachSr(inDirectories ? fixture.directory().resolve("c") : fixture.directory());
        for (JsonObject vdi : agent.vdis(sr)) {
            if (!vdi.get("readOnly").getAsBoolean() && !isRefusedAsTwin(agent, LiveAgent.id(vdi, "vdi"))) {
                FixtureFile file = fileOf(fixture, LiveAgent.id(vdi, "name"));
                // libvhdi is wrong about bitmaps that are mixed within 4 KiB.
                int unit = CHAINS_FOR_LIBVHDI.contains(fixture.name()) ? 4096 : SECTOR;
                String digest = write(agent, LiveAgent.id(vdi, "vdi"), file, unit, random);
                written.add(
                        new Written(fixture.name(), file.path(), file.parent().isPresent(), digest));
            }
        }
        agent.detachSr(sr);
        return written;
    }

    /** A disk that two files claim to be is not written before somebody decides which of them it is. */
    private static boolean isRefusedAsTwin(LiveAgent agent, String vdi) {
        try {
            agent.attach(vdi);
            return false;
        } catch (SrException e) {
            assertThat(e).hasMessageContaining("claim to be the same disk");
            return true;
        }
    }

    private static FixtureFile fileOf(Fixture fixture, String name) {
        return fixture.files().stream()
                .filter(file -> file.path().toFile().getName().startsWith(name + "."))
                .findFirst()
                .orElseThrow(() -> new AssertionError("fixture " + fixture.name() + " has no file for VDI " + name));
    }

    /** Returns the digest of what the disk holds in the end. */
    private static String write(LiveAgent agent, String vdi, FixtureFile file, int unit, Random random)
            throws IOException {
        byte[] model = content(file.path());
        String uri = agent.attach(vdi);
        try (NbdClient client = agent.connect(vdi)) {
            assertThat(client.sizeBytes()).isEqualTo(model.length);
            for (int i = 0; i < WRITES; i++) {
                int length = unit * (1 + random.nextInt(random.nextInt(8) == 0 ? MAX_WRITE_SECTORS : 16));
                int offset = unit * random.nextInt((model.length - length) / unit + 1);
                byte[] data = new byte[length];
                random.nextBytes(data);
                client.write(offset, data);
                System.arraycopy(data, 0, model, offset, length);
                if (random.nextInt(16) == 0) {
                    client.flush();
                }
            }
            client.disconnect();
        }
        writeWithQemuIo(uri, model, unit, random);
        agent.detach(vdi);
        return Digests.sha256(model);
    }

    private static void writeWithQemuIo(String uri, byte[] model, int unit, Random random) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
        for (int i = 1; i <= 8; i++) {
            int length = unit * (1 + random.nextInt(64));
            int offset = unit * random.nextInt((model.length - length) / unit + 1);
            command.addAll(List.of("-c", "write -P " + i + " " + offset + " " + length));
            Arrays.fill(model, offset, offset + length, (byte) i);
        }
        command.addAll(List.of("-c", "flush", uri));
        Programs.run(DEADLINE, command.toArray(String[]::new));
    }

    private static byte[] content(Path file) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(file)) {
            assertThat(reader.virtualSize()).as("%s", file).isLessThanOrEqualTo(MAX_DISK_BYTES);
            return reader.read(0, (int) reader.virtualSize());
        }
    }

    private static void checkWithReference(Written disk) throws IOException {
        assertThat(ReferenceReader.sha256(disk.file()))
                .as("the reference reader on %s", disk.file())
                .isEqualTo(disk.sha256());
    }

    private void checkWithQemu(Written disk) throws IOException {
        if (disk.hasParent() || NOT_FOR_QEMU.contains(disk.fixture())) {
            return;
        }
        Path raw = directory.resolve("qemu.raw");
        QemuImg.convertToRaw(disk.file(), raw);
        assertThat(Digests.sha256(raw)).as("qemu-img on %s", disk.file()).isEqualTo(disk.sha256());
        Files.delete(raw);
    }

    private static void checkWithLibvhdi(Written disk) throws IOException {
        boolean reads = disk.hasParent()
                ? CHAINS_FOR_LIBVHDI.contains(disk.fixture())
                : !NOT_FOR_LIBVHDI.contains(disk.fixture());
        if (!reads) {
            return;
        }
        try (VhdiMount mount = VhdiMount.open(disk.file())) {
            assertThat(Digests.sha256(mount.view()))
                    .as("libvhdi on %s", disk.file())
                    .isEqualTo(disk.sha256());
        }
    }

    private static void checkThatParentsAreUntouched(Fixtures fixtures, List<Written> written) throws IOException {
        List<Path> leaves = written.stream().map(Written::file).toList();
        for (String name : FIXTURES) {
            for (FixtureFile file : fixtures.get(name).files()) {
                if (!leaves.contains(file.path())) {
                    assertThat(ReferenceReader.sha256(file.path()))
                            .as("the parent %s", file.path())
                            .isEqualTo(file.contentSha256().orElseThrow());
                }
            }
        }
    }
}
