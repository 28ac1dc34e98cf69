package io.catena.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.catena.api.AccessMode;
import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.JobIntent;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrUse;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.sr.job.Jobs;
import io.catena.sr.record.JobIntentFiles;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Path directory;
    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private final MemorySrs srs = new MemorySrs();
    private final MemoryDevices devices = new MemoryDevices();
    private final AtomicLong lastSr = new AtomicLong();
    private Host host;

    HostTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        host = newHost();
    }

    @BeforeEach
    void restore() {
        host.restore();
    }

    @AfterEach
    void close() {
        host.close();
        jobs.close();
    }

    @Test
    void attachedSrsAndDisksComeBackInTheirModes() throws IOException {
        Sr sr = create("main");
        VdiId rw = vdi(sr, "rw");
        VdiId ro = vdi(sr, "ro");
        vdi(sr, "idle");
        host.repository(sr.id()).attach(rw, AccessMode.READ_WRITE);
        host.repository(sr.id()).attach(ro, AccessMode.READ_ONLY);

        restart();

        assertThat(host.srs()).containsExactly(sr);
        assertThat(host.repository(sr.id()).vdis())
                .extracting(
                        Vdi::name,
                        v -> v.export() == null ? "" : v.export().mode().symbol())
                .containsExactly(tuple("idle", ""), tuple("ro", "ro"), tuple("rw", "rw"));
    }

    @Test
    void disksThatClientsWaitForComeBackBeforeOthers() throws IOException {
        Sr sr = create("main");
        List<VdiId> disks = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            disks.add(vdi(sr, "disk" + i));
            host.repository(sr.id()).attach(disks.get(i), AccessMode.READ_WRITE);
        }
        VdiId ofNoSr = new VdiId(new UUID(1, 1));
        // Whoever comes while the first disk is on its way, or the next, or the one after that.
        Iterator<List<VdiId>> waiting = List.of(
                        List.<VdiId>of(), List.of(ofNoSr, disks.get(3), disks.get(2)), List.of(disks.get(4)))
                .iterator();
        srs.activated.clear();
        srs.restoredAfter.clear();

        host.close();
        host = newHost();
        host.restore(directory -> true, () -> waiting.hasNext() ? waiting.next() : List.of());

        assertThat(srs.activated).containsExactly(disks.get(0), disks.get(3), disks.get(4), disks.get(1), disks.get(2));
        assertThat(srs.restoredAfter).as("what can wait does").containsExactly(5);
    }

    @Test
    void blockDevicesComeBackAndOthersAreRemoved() throws IOException {
        Sr sr = create("main");
        VdiId block = vdi(sr, "block");
        VdiId nbd = vdi(sr, "nbd");
        VdiId left = vdi(sr, "left");
        host.attachAs(ExportKind.BLOCK, sr.id(), block, Hold.HOST, AccessMode.READ_WRITE);
        host.repository(sr.id()).attach(nbd, AccessMode.READ_WRITE);
        devices.open(left);

        restart();

        assertThat(host.repository(sr.id()).vdis())
                .extracting(Vdi::name, v -> v.export() == null ? "" : v.export().device())
                .containsExactly(tuple("block", "/dev/test-" + block), tuple("left", ""), tuple("nbd", null));
        assertThat(devices.endpoint(left)).isEmpty();
    }

    @Test
    void aDetachedDiskIsNoBlockDevice() throws IOException {
        Sr sr = create("main");
        VdiId vdi = vdi(sr, "disk");
        assertThat(host.attachAs(ExportKind.BLOCK, sr.id(), vdi, Hold.HOST, AccessMode.READ_WRITE)
                        .device())
                .isEqualTo("/dev/test-" + vdi);

        host.repository(sr.id()).detach(vdi);

        assertThat(devices.endpoint(vdi)).isEmpty();
        restart();
        assertThat(devices.endpoint(vdi)).isEmpty();
    }

    @Test
    void whatWasDetachedStaysDetached() throws IOException {
        Sr sr = create("main");
        Sr other = create("other");
        VdiId vdi = vdi(sr, "disk");
        host.repository(sr.id()).attach(vdi, AccessMode.READ_WRITE);
        host.repository(sr.id()).detach(vdi);
        host.detach(other.id());

        restart();

        assertThat(host.srs()).extracting(Sr::attached).containsExactly(true, false);
        assertThat(host.repository(sr.id()).vdi(vdi).state()).isEqualTo(Vdi.State.DETACHED);
    }

    @Test
    void anSrThatCannotComeBackIsReportedAndTheOthersServe() throws IOException {
        Sr bad = create("bad");
        Sr good = create("good");
        srs.lose(Path.of(bad.path()));

        restart();

        assertThat(host.srs())
                .extracting(Sr::name, Sr::attached)
                .containsExactly(tuple("bad", false), tuple("good", true));
        assertThat(host.srs().get(0).problem()).contains("could not be attached again", "Input/output error");
        assertThat(host.repository(good.id()).vdis()).isEmpty();
        refused(SrError.SR_UNAVAILABLE, () -> host.repository(bad.id()));
        host.detach(bad.id());
        assertThat(host.srs().get(0).problem()).isNull();
    }

    @Test
    void aDiskThatCannotComeBackIsReportedAndTheOthersServe() throws IOException {
        Sr sr = create("main");
        VdiId bad = vdi(sr, "bad");
        VdiId good = vdi(sr, "good");
        host.repository(sr.id()).attach(bad, AccessMode.READ_WRITE);
        host.repository(sr.id()).attach(good, AccessMode.READ_WRITE);
        srs.lose(Path.of(sr.path()), bad);

        restart();

        assertThat(host.srs().get(0).attached()).isTrue();
        assertThat(host.srs().get(0).problem()).contains("VDI " + bad + " could not be attached again");
        assertThat(host.repository(sr.id()).vdi(good).state()).isEqualTo(Vdi.State.ACTIVE);
        host.repository(sr.id()).destroy(bad);
        assertThat(host.srs().get(0).problem()).isNull();
    }

    @Test
    void detachRefusesWhileDisksAreAttachedAndNamesThem() {
        Sr sr = create("main");
        VdiId vdi = vdi(sr, "disk");
        host.repository(sr.id()).attach(vdi, AccessMode.READ_WRITE);
        assertThatThrownBy(() -> host.detach(sr.id()))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.SR_IN_USE))
                .hasMessageContaining(vdi.toString());
        host.repository(sr.id()).detach(vdi);
        host.detach(sr.id());
        assertThat(host.srs().get(0).attached()).isFalse();
        assertThat(host.attach(sr.id()).attached()).isTrue();
    }

    @Test
    void detachStopsTheJobsOfTheSr() {
        Sr sr = create("main");
        Job job = host.repository(sr.id()).collectGarbage();
        host.detach(sr.id());
        assertThat(host.job(job.id()).state()).isEqualTo(Job.State.CANCELLED);
    }

    @Test
    void aForcedDetachEndsAllUsersAndNamesThem() throws IOException {
        Sr sr = create("main");
        VdiId written = vdi(sr, "written");
        VdiId device = vdi(sr, "device");
        host.repository(sr.id()).attach(written, "dom 3", AccessMode.READ_WRITE);
        host.attachAs(ExportKind.BLOCK, sr.id(), device, Hold.HOST, AccessMode.READ_ONLY);
        Job job = host.repository(sr.id()).collectGarbage();
        refused(SrError.SR_IN_USE, () -> host.detach(sr.id()));

        SrUse ended = host.detach(sr.id(), true);

        assertThat(ended.holds())
                .extracting(Hold::vdi, Hold::text)
                .containsExactlyInAnyOrder(tuple(written, "attached rw for \"dom 3\""), tuple(device, "active ro"));
        assertThat(ended.jobs()).extracting(Job::id).containsExactly(job.id());
        assertThat(host.job(job.id()).state()).isEqualTo(Job.State.CANCELLED);
        assertThat(devices.endpoint(device)).isEmpty();
        restart();
        assertThat(host.attach(sr.id()).attached()).isTrue();
        assertThat(host.repository(sr.id()).holds()).isEmpty();
        assertThat(host.detach(sr.id(), true).isNone()).isTrue();
    }

    @Test
    void aBlockDeviceThatIsUsedIsNotForced() {
        Sr sr = create("main");
        VdiId free = vdi(sr, "free");
        VdiId mounted = vdi(sr, "mounted");
        for (VdiId vdi : List.of(free, mounted)) {
            host.attachAs(ExportKind.BLOCK, sr.id(), vdi, Hold.HOST, AccessMode.READ_WRITE);
        }
        devices.use(mounted);
        refused(SrError.VDI_IN_USE, () -> host.detach(sr.id(), true));
        assertThat(host.repository(sr.id()).holds()).hasSize(2);
        assertThat(devices.endpoint(free)).isPresent();
        assertThat(devices.endpoint(mounted)).isPresent();
    }

    /** The state file of the agent is gone with the reboot, the SR is not. */
    @Test
    void aJobGoesOnAfterARebootUnderItsIdWhenItsSrIsAttachedAgain() throws IOException {
        Sr sr = create("main");
        host.repository(sr.id()).stat();
        jobs.expect(41, "gc", sr.id());
        Job job = host.repository(sr.id()).collectGarbage();
        host.close();

        try (Jobs later = new Jobs(Clock.systemUTC());
                Host next = host(later, "state-of-another-boot.json")) {
            next.attach(Path.of(sr.path()));
            assertThat(next.job(job.id()).state()).isEqualTo(Job.State.RUNNING);
            assertThat(keptJobs(sr)).containsExactly("41.json");
            srs.endGc();
            assertThat(later.waitFor(job.id(), PATIENCE).state()).isEqualTo(Job.State.DONE);
            assertThat(keptJobs(sr)).isEmpty();
        }
    }

    @Test
    void aCopyGoesOnWhenTheSrThatGetsItIsAttachedToo() throws IOException {
        Sr from = create("from");
        Sr to = create("to");
        VdiId disk = vdi(from, "disk");
        VdiId copy = new VdiId(new UUID(0x7d, 77));
        keep(from, new JobIntent(9, "copy", new JobIntent.Copy(disk, to.id(), "copy", copy)));
        host.close();

        try (Jobs later = new Jobs(Clock.systemUTC());
                Host next = host(later, "state-of-another-boot.json")) {
            next.attach(Path.of(from.path()));
            assertThat(later.jobs()).isEmpty();
            next.attach(Path.of(to.path()));
            assertThat(later.waitFor(9, PATIENCE).state()).isEqualTo(Job.State.DONE);
            assertThat(next.repository(to.id()).vdi(copy).name()).isEqualTo("copy");
            assertThat(keptJobs(from)).isEmpty();
        }
    }

    @Test
    void jobsThatCannotGoOnAreSetAsideAndTheSrIsAttached() throws IOException {
        Sr sr = create("main");
        VdiId gone = new VdiId(new UUID(0x7d, 78));
        keep(sr, new JobIntent(3, "copy", new JobIntent.Copy(gone, sr.id(), "", new VdiId(new UUID(0x7d, 79)))));
        keep(sr, new JobIntent(4, "frobnication", null));
        Files.writeString(
                Path.of(sr.path()).resolve(".catena/jobs/5.json"), "{\"job\":5,\"kind\":\"copy\",\"vdi\":\"x\"}");
        Files.writeString(Path.of(sr.path()).resolve(".catena/jobs/6.json"), "");
        restart();
        assertThat(host.attach(sr.id()).attached()).isTrue();
        assertThat(keptJobs(sr))
                .contains("4.json.bad", "5.json.bad", "6.json.bad")
                .doesNotContain("4.json", "5.json");
    }

    private static void keep(Sr sr, JobIntent intent) throws IOException {
        new JobIntentFiles(new FileStorage(Path.of(sr.path()))).keep(intent);
    }

    private static List<String> keptJobs(Sr sr) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(sr.path()).resolve(".catena/jobs"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void createWantsAnAbsentOrEmptyDirectoryAndLeavesOthersAlone() throws IOException {
        Path full = Files.createDirectory(directory.resolve("full"));
        Files.createFile(full.resolve("letter"));
        refused(SrError.SR_CREATE, () -> host.create("x", full, null));
        refused(SrError.SR_CREATE, () -> host.create("x", full.resolve("letter"), null));
        assertThat(full).isDirectoryContaining("glob:**/letter");
        Path empty = Files.createDirectory(directory.resolve("empty"));
        assertThat(host.create("x", empty, null).attached()).isTrue();
    }

    @Test
    void createRefusesAnIdThatIsTaken() {
        Sr sr = create("main");
        refused(SrError.SR_EXISTS, () -> host.create("again", directory.resolve("again"), sr.id()));
        assertThat(directory.resolve("again")).doesNotExist();
    }

    @Test
    void destroyWantsAnEmptySrAndForgetsIt() throws IOException {
        Sr sr = create("main");
        VdiId vdi = vdi(sr, "disk");
        refused(SrError.SR_NOT_EMPTY, () -> host.destroy(sr.id()));
        host.repository(sr.id()).destroy(vdi);
        host.destroy(sr.id());
        assertThat(host.srs()).isEmpty();
        restart();
        assertThat(host.srs()).isEmpty();
    }

    @Test
    void attachOfAnAttachedSrDoesNothing() {
        Sr sr = create("main");
        assertThat(host.attach(Path.of(sr.path()))).isEqualTo(sr);
        assertThat(host.attach(sr.id())).isEqualTo(sr);
    }

    @Test
    void aRepositoryKeptBeyondDetachRefuses() {
        Sr sr = create("main");
        var repository = host.repository(sr.id());
        host.detach(sr.id());
        refused(SrError.SR_UNAVAILABLE, repository::vdis);
    }

    @Test
    void aDiskWhoseAttachCannotBeRememberedIsNotAttached() throws IOException {
        Sr sr = create("main");
        VdiId vdi = vdi(sr, "disk");
        Path blocker = Files.createDirectory(directory.resolve("state.json.new"));
        refused(SrError.IO_ERROR, () -> host.repository(sr.id()).attach(vdi, AccessMode.READ_WRITE));
        assertThat(host.repository(sr.id()).vdi(vdi).state()).isEqualTo(Vdi.State.DETACHED);
        Files.delete(blocker);
    }

    private static void refused(SrError error, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(error));
    }

    private Sr create(String name) {
        return host.create(name, directory.resolve(name), null);
    }

    private VdiId vdi(Sr sr, String name) {
        return host.repository(sr.id())
                .create(new VdiSpec(1 << 20, name, "", null, false))
                .vdi();
    }

    private void restart() throws IOException {
        host.close();
        host = newHost();
        host.restore();
    }

    private Host newHost() throws IOException {
        return host(jobs, "state.json");
    }

    private Host host(Jobs runner, String stateFile) throws IOException {
        return new Host(
                srs.opener(runner),
                ExportServers.of(devices),
                runner,
                directory.resolve(stateFile),
                () -> new UUID(0x5e, lastSr.incrementAndGet()));
    }
}
