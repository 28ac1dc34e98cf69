package io.catena.agent.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.guest.FakeHypervisor.FakeGuest;
import io.catena.agent.guest.GuestAgentException.Kind;
import io.catena.agent.guest.GuestSnapshot.Consistency;
import io.catena.agent.guest.GuestSnapshot.Freeze;
import io.catena.agent.host.ExportServers;
import io.catena.agent.host.Host;
import io.catena.agent.host.MemoryDevices;
import io.catena.agent.host.MemorySrs;
import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.sr.job.Jobs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is done with guests and their disks, with guests and disks in memory. */
@Timeout(60)
final class GuestsTest {
    private static final Duration SOON = Duration.ofMillis(50);
    private static final FreezeWatch.Limits PATIENT = new FreezeWatch.Limits(SOON, Duration.ofSeconds(30));
    private static final GuestResumer.Pace PACE = new GuestResumer.Pace(Duration.ofMillis(5), 4, Duration.ofMinutes(1));

    private final Path directory;
    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private final FakeHypervisor hypervisor = new FakeHypervisor();
    private final Host host;
    private final StorageRepository repository;
    private final FakeGuest guest = hypervisor.add("debian");
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    private Guests guests;

    GuestsTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        host = new Host(
                new MemorySrs().opener(jobs),
                ExportServers.of(new MemoryDevices()),
                jobs,
                directory.resolve("state.json"),
                UUID::randomUUID);
        repository = host.repository(
                host.create("main", directory.resolve("sr"), null).id());
        guests = newGuests(PATIENT);
    }

    @AfterEach
    void close() throws IOException {
        timer.shutdownNow();
        guests.close();
        host.close();
        jobs.close();
    }

    @Test
    void attachNotesTheDiskBeforeTheGuestGetsIt() {
        VdiId vdi = newVdi();
        GuestDisk disk = attach(vdi);
        assertThat(disk.target()).isEqualTo("vdb");
        assertThat(hypervisor.events()).containsExactly("note 1", "plug vdb");
        assertThat(guest.noted).containsExactly(vdi);
        assertThat(isAttached(vdi)).isTrue();
    }

    @Test
    void whoHasADiskIsToldToWhomeverWouldTakeItAway() {
        VdiId vdi = newVdi();
        assertThat(guests.with(vdi)).isEmpty();
        GuestDisk disk = attach(vdi);

        assertThat(guests.with(vdi))
                .containsExactly("Guest debian has it as " + disk.target() + " rw; its requests fail from then on.");
    }

    @Test
    void attachOfAnAttachedDiskChangesNothing() {
        VdiId vdi = newVdi();
        GuestDisk first = attach(vdi);
        assertThat(attach(vdi)).isEqualTo(first);
        assertThat(hypervisor.events()).containsExactly("note 1", "plug vdb");
        refused(SrError.VDI_IN_USE, () -> guests.attach("debian", repository, vdi, null, AccessMode.READ_ONLY));
    }

    @Test
    void targetsAreTheFirstFreeOrAsWanted() {
        attach(newVdi());
        assertThat(guests.attach("debian", repository, newVdi(), "vdx", AccessMode.READ_WRITE)
                        .target())
                .isEqualTo("vdx");
        assertThat(attach(newVdi()).target()).isEqualTo("vdc");
        VdiId vdi = newVdi();
        refused(SrError.BAD_REQUEST, () -> guests.attach("debian", repository, vdi, "vdx", AccessMode.READ_WRITE));
        refused(
                SrError.BAD_REQUEST,
                () -> guests.attach("debian", repository, vdi, "sda' evil", AccessMode.READ_WRITE));
    }

    @Test
    void aDiskHasOneGuestUnlessAllOnlyRead() {
        hypervisor.add("other");
        VdiId written = newVdi();
        attach(written);
        refused(SrError.VDI_IN_USE, () -> guests.attach("other", repository, written, null, AccessMode.READ_WRITE));
        VdiId read = newVdi();
        guests.attach("debian", repository, read, null, AccessMode.READ_ONLY);
        guests.attach("other", repository, read, null, AccessMode.READ_ONLY);
        detach(read);
        assertThat(isAttached(read)).as("the other guest still has it").isTrue();
    }

    @Test
    void aFailedAttachLeavesTheDiskDetached() {
        VdiId vdi = newVdi();
        hypervisor.failPlug(new SrException(SrError.IO_ERROR, "No more available PCI slots"));
        refused(SrError.IO_ERROR, () -> attach(vdi));
        assertThat(isAttached(vdi)).isFalse();
        assertThat(guest.noted).isEmpty();
    }

    @Test
    void detachWaitsForTheGuestThenDetachesTheDisk() {
        VdiId vdi = newVdi();
        attach(vdi);
        detach(vdi);
        assertThat(guest.disks).isEmpty();
        assertThat(guest.noted).isEmpty();
        assertThat(isAttached(vdi)).isFalse();
        detach(vdi);
    }

    @Test
    void aGuestThatKeepsTheDiskIsReportedAndTheDiskStaysAttached() {
        VdiId vdi = newVdi();
        attach(vdi);
        guest.keepsDisks = true;
        assertThatThrownBy(() -> guests.detach("debian", repository, vdi, SOON))
                .isInstanceOfSatisfying(SrException.class, e -> {
                    assertThat(e.error()).isEqualTo(SrError.VDI_IN_USE);
                    assertThat(e.advice()).asString().contains("Unmount");
                });
        assertThat(isAttached(vdi)).isTrue();
        assertThat(guest.noted).containsExactly(vdi);
    }

    @Test
    void anInterruptedDetachEndsWhenTheAgentStartsAgain() throws IOException {
        VdiId vdi = newVdi();
        attach(vdi);
        guest.disks.clear();
        restart(PATIENT);
        assertThat(isAttached(vdi)).isFalse();
        assertThat(guest.noted).isEmpty();
    }

    @Test
    void anotherAgentsNotesAreLeftAlone() throws IOException {
        VdiId foreign = new VdiId(new UUID(1, 2));
        guest.noted = Set.of(foreign);
        restart(PATIENT);
        assertThat(guest.noted).containsExactly(foreign);
    }

    @Test
    void aDiskThatAGuestUsesIsAttachedAgain() throws IOException {
        VdiId vdi = newVdi();
        guest.disks.put("vda", new GuestDisk(vdi, "vda", AccessMode.READ_WRITE));
        restart(PATIENT);
        assertThat(isAttached(vdi)).isTrue();
    }

    @Test
    void aSnapshotOfAFrozenGuestIsConsistent() {
        VdiId one = newVdi();
        VdiId two = newVdi();
        VdiId read = newVdi();
        attach(one);
        attach(two);
        guests.attach("debian", repository, read, null, AccessMode.READ_ONLY);
        GuestSnapshot taken = guests.snapshot("debian", "monday", Freeze.REQUIRE);
        assertThat(taken.consistency()).isEqualTo(Consistency.FILESYSTEM);
        assertThat(taken.frozenFilesystems()).isEqualTo(2);
        assertThat(taken.snapshots()).extracting(result -> result.of()).containsExactlyInAnyOrder(one, two);
        assertThat(hypervisor.events()).endsWith("freeze", "thaw 2");
        assertThat(directory.resolve("frozen")).isEmptyDirectory();
    }

    @Test
    void snapshotsWithoutANameAreCalledAfterTheGuestAndItsDisk() {
        attach(newVdi());
        assertThat(namesOfSnapshots()).hasSize(1).allMatch(name -> name.startsWith("debian 20"));
        attach(newVdi());
        assertThat(namesOfSnapshots())
                .hasSize(2)
                .anyMatch(name -> name.startsWith("debian vdb 20"))
                .anyMatch(name -> name.startsWith("debian vdc 20"));
    }

    private List<String> namesOfSnapshots() {
        return guests.snapshot("debian", "", Freeze.NEVER).snapshots().stream()
                .map(one -> repository.vdi(one.vdi()).name())
                .toList();
    }

    @Test
    void withoutFreezeTheAgentIsNotAsked() {
        attach(newVdi());
        GuestSnapshot taken = guests.snapshot("debian", "", Freeze.NEVER);
        assertThat(taken.consistency()).isEqualTo(Consistency.CRASH);
        assertThat(hypervisor.events()).doesNotContain("freeze");
    }

    @Test
    void aGuestWithoutAgentGetsACrashConsistentSnapshotOrAnError() {
        attach(newVdi());
        guest.agentFailure = Kind.ABSENT;
        GuestSnapshot taken = guests.snapshot("debian", "", Freeze.TRY);
        assertThat(taken.consistency()).isEqualTo(Consistency.CRASH);
        assertThat(taken.reason()).contains("as the test says");
        assertThat(taken.snapshots()).hasSize(1);
        int disks = repository.vdis().size();
        refused(SrError.VDI_SNAPSHOT, () -> guests.snapshot("debian", "", Freeze.REQUIRE));
        assertThat(repository.vdis()).hasSize(disks);
        assertThat(directory.resolve("frozen")).isEmptyDirectory();
    }

    /** Writers count up in both disks: a cut of two SRs fits together only if they stand still. */
    @Test
    void disksOfTwoSrsAreCutWhileTheGuestHoldsStillOrNotAtAll() {
        StorageRepository other = host.repository(
                host.create("other", directory.resolve("sr-other"), null).id());
        attach(newVdi());
        VdiId second =
                other.create(new VdiSpec(1 << 20, "disk", "", null, false)).vdi();
        guests.attach("debian", other, second, null, AccessMode.READ_WRITE);

        assertThat(guests.snapshot("debian", "monday", Freeze.TRY).snapshots()).hasSize(2);
        int disks = repository.vdis().size() + other.vdis().size();
        refusedForTwoSrs(Freeze.NEVER, "were not to be frozen");
        guest.filesystems = 0;
        refusedForTwoSrs(Freeze.TRY, "had no file system to freeze");
        refusedForTwoSrs(Freeze.REQUIRE, "had no file system to freeze");
        guest.filesystems = 2;
        guest.agentFailure = Kind.ABSENT;
        refusedForTwoSrs(Freeze.TRY, "as the test says");
        assertThat(repository.vdis().size() + other.vdis().size()).isEqualTo(disks);
        assertThat(directory.resolve("frozen")).isEmptyDirectory();

        guest.agentFailure = null;
        guest.givesUp = 1;
        refusedForTwoSrs(Freeze.TRY, "did not hold its file systems still until the end; the snapshots are ");
    }

    private void refusedForTwoSrs(Freeze freeze, String why) {
        assertThatThrownBy(() -> guests.snapshot("debian", "", freeze)).isInstanceOfSatisfying(SrException.class, e -> {
            assertThat(e.error()).isEqualTo(SrError.VDI_SNAPSHOT);
            assertThat(e.detail()).contains("in 2 SRs, which share no instant", why);
            assertThat(e.advice()).isNotNull();
        });
    }

    @Test
    void disksOfNoGuestAreNotCutWhereAGuestIsRequiredToHoldStill() {
        VdiId attached = newVdi();
        attach(attached);
        assertThat(guests.still(Set.of(attached), Freeze.REQUIRE, () -> "cut").consistency())
                .isEqualTo(Consistency.FILESYSTEM);
        Set<VdiId> others = Set.of(newVdi());
        assertThat(guests.still(others, Freeze.TRY, () -> "cut").consistency()).isEqualTo(Consistency.CRASH);
        refused(
                SrError.VDI_SNAPSHOT,
                () -> guests.still(others, Freeze.REQUIRE, () -> {
                    throw new AssertionError("cut all the same");
                }));
    }

    /** A host without libvirt has disks too, and schedules. */
    @Test
    void withoutAHypervisorDisksAreCutAsTheyAreUnlessAGuestIsRequiredToHoldStill() throws IOException {
        Set<VdiId> disks = Set.of(newVdi());
        try (Guests alone = new Guests(host, new NoHypervisor(), directory.resolve("alone"), System::nanoTime)) {
            Still<String> still = alone.still(disks, Freeze.TRY, () -> "cut");
            assertThat(still.consistency()).isEqualTo(Consistency.CRASH);
            assertThat(still.reason()).contains("without a hypervisor");
            refused(
                    SrError.HYPERVISOR_UNAVAILABLE,
                    () -> alone.still(disks, Freeze.REQUIRE, () -> {
                        throw new AssertionError("cut all the same");
                    }));
        }
    }

    @Test
    void aHungAgentIsThawedWhenItAnswersAgain() throws InterruptedException {
        attach(newVdi());
        guest.agentFailure = Kind.SILENT;
        assertThat(guests.snapshot("debian", "", Freeze.TRY).consistency()).isEqualTo(Consistency.CRASH);
        // It comes to the freeze late.
        guest.frozen = 2;
        guest.agentFailure = null;
        hypervisor.await("thaw 2", 1);
    }

    @Test
    void aFailedSnapshotThawsTheGuest() {
        attach(newVdi());
        guest.whenFrozen = host::close;
        refused(SrError.SR_UNAVAILABLE, () -> guests.snapshot("debian", "", Freeze.TRY));
        assertThat(hypervisor.events()).endsWith("freeze", "thaw 2");
        assertThat(guest.frozen).isZero();
    }

    @Test
    void aGuestWhoseDiskIsNotServedGetsNoSnapshot() {
        guest.disks.put("vdz", new GuestDisk(new VdiId(new UUID(5, 5)), "vdz", AccessMode.READ_WRITE));
        refused(SrError.VDI_UNAVAILABLE, () -> guests.snapshot("debian", "", Freeze.TRY));
        assertThat(hypervisor.events()).doesNotContain("freeze");
    }

    @Test
    void theWatchdogThawsAGuestThatIsHeldTooLong() throws Exception {
        FreezeWatch.Frozen frozen = watch(Duration.ofMillis(20)).freeze(guest.id);
        hypervisor.await("thaw 2", 1);
        frozen.close();
        assertThat(frozen.held()).isFalse();
        assertThat(directory.resolve("frozen")).isEmptyDirectory();
    }

    @Test
    void whatADeadAgentLeftFrozenIsThawedByTheNext() throws Exception {
        FreezeWatch.Frozen left = watch(Duration.ofSeconds(30)).freeze(guest.id);
        assertThat(guest.frozen).isEqualTo(left.filesystems());
        assertThat(directory.resolve("frozen")).isNotEmptyDirectory();
        restart(PATIENT);
        hypervisor.await("thaw 2", 1);
        assertThat(guest.frozen).isZero();
    }

    @Test
    void aPausedGuestIsResumedUntilItRuns() throws Exception {
        attach(newVdi());
        guest.failuresAfterResume = 1;
        guest.state = Guest.State.PAUSED_BY_IO_ERROR;
        restart(PATIENT);
        hypervisor.await("resume", 2);
        assertThat(guest.state).isEqualTo(Guest.State.RUNNING);
    }

    @Test
    void aGuestThatFailsAgainAndAgainIsLeftAlone() throws Exception {
        attach(newVdi());
        guest.failuresAfterResume = 1000;
        guest.state = Guest.State.PAUSED_BY_IO_ERROR;
        restart(PATIENT);
        hypervisor.await("resume", 4);
        assertThatThrownBy(() -> hypervisor.await("resume", 5, Duration.ofMillis(200)))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void aGuestThatSomebodyPausedStaysPaused() throws IOException {
        attach(newVdi());
        guest.state = Guest.State.PAUSED;
        restart(PATIENT);
        hypervisor.listener().pausedByIoError(guest.id);
        assertThat(hypervisor.events()).doesNotContain("resume");
    }

    private Guests newGuests(FreezeWatch.Limits limits) throws IOException {
        Guests made = new Guests(host, hypervisor, directory.resolve("frozen"), System::nanoTime, limits, PACE);
        made.start();
        return made;
    }

    private void restart(FreezeWatch.Limits limits) throws IOException {
        guests.close();
        guests = newGuests(limits);
    }

    private FreezeWatch watch(Duration hold) throws IOException {
        return new FreezeWatch(
                hypervisor, new FreezeMarks(directory.resolve("frozen")), timer, new FreezeWatch.Limits(SOON, hold));
    }

    private VdiId newVdi() {
        return repository.create(new VdiSpec(1 << 20, "disk", "", null, false)).vdi();
    }

    private GuestDisk attach(VdiId vdi) {
        return guests.attach("debian", repository, vdi, null, AccessMode.READ_WRITE);
    }

    private void detach(VdiId vdi) {
        guests.detach("debian", repository, vdi, Duration.ofSeconds(10));
    }

    private boolean isAttached(VdiId vdi) {
        return repository.vdi(vdi).export() != null;
    }

    private static void refused(SrError expected, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(expected));
    }
}
