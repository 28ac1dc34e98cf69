package io.catena.harness.cluster;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.sim.SimulatedStorage;
import io.catena.lease.Claim;
import io.catena.lease.Entry;
import io.catena.lease.Grant;
import io.catena.lease.HostRecord;
import io.catena.lease.LeaseTimes;
import io.catena.lease.NotingStorage;
import io.catena.lease.Ownership;
import io.catena.lease.Session;
import io.catena.lease.WrittenFiles;
import io.catena.store.BlockFile;
import io.catena.store.LeaseLostException;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How a host keeps an SR, is unsure of it, gets it back or loses it; and what it says of the files that it writes. */
class OwnershipTest {
    private static final LeaseTimes TIMES = LeaseTimes.DEFAULT;

    private static final UUID A = new UUID(0, 1);
    private static final UUID B = new UUID(0, 2);

    private final MemoryLeaseStore store = new MemoryLeaseStore();
    private final ManualClock clock = new ManualClock();
    private final List<Long> begun = new ArrayList<>();
    private long incarnations;

    private HostRecord self() {
        return HostRecord.of(A, "a", new UUID(1, ++incarnations));
    }

    private Ownership take() throws IOException {
        Session session = Session.join(store, TIMES, clock, self());
        Grant grant = session.claim("tree", null, Claim.held(session.holder(), List.of(), null))
                .orElseThrow();
        return new Ownership(store, TIMES, clock, this::self, begun::add, session, grant);
    }

    @Test
    void whatIsRenewedStays() throws IOException {
        Ownership ownership = take();
        long epoch = ownership.epoch();
        for (int i = 0; i < 20; i++) {
            clock.pass(2_000);
            ownership.tick();
            ownership.await();
        }
        assertThat(ownership.epoch()).isEqualTo(epoch);
    }

    @Test
    void requestsAreHeldUntilItIsClearThatNobodyTookIt() throws Exception {
        Ownership ownership = take();
        long epoch = ownership.epoch();
        clock.pass(10_000);
        assertThatThrownBy(ownership::check).isInstanceOf(IOException.class).hasMessageContaining("not certain");
        CompletableFuture<Boolean> request = CompletableFuture.supplyAsync(() -> {
            try {
                ownership.await();
                return true;
            } catch (IOException e) {
                return false;
            }
        });
        assertThat(request).isNotDone();
        ownership.tick();
        assertThat(request.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(ownership.epoch()).isGreaterThan(epoch);
        assertThat(begun).containsExactly(ownership.epoch());
        ownership.check();
    }

    @Test
    void requestsFailWhenAnotherHostHasTakenIt() throws Exception {
        Ownership ownership = take();
        List<String> told = new ArrayList<>();
        ownership.onLost(() -> told.add("lost"));
        Entry old = store.read("tree").orElseThrow();
        Session other = Session.join(store, TIMES, clock, HostRecord.of(B, "b", new UUID(2, 1)));
        assertThat(other.claim("tree", old, Claim.held(other.holder(), List.of(), null)))
                .isPresent();
        clock.pass(10_000);
        ownership.tick();
        assertThatThrownBy(ownership::await)
                .isInstanceOf(LeaseLostException.class)
                .hasMessageContaining("host b");
        assertThatThrownBy(ownership::check).isInstanceOf(LeaseLostException.class);
        ownership.tick();
        assertThat(told).containsExactly("lost");
        assertThat(begun).isEmpty();
    }

    /** Its answer was lost; it is done in the midst of the next one. */
    @Test
    void anOwnClaimThatIsDoneLateIsNotTakenForAnotherHosts() throws IOException {
        MeddlingStore away = new MeddlingStore(store);
        Session session = Session.join(away, TIMES, clock, self());
        Claim claim = Claim.held(session.holder(), List.of(), null);
        Grant grant = session.claim("tree", null, claim).orElseThrow();
        Ownership ownership = new Ownership(away, TIMES, clock, this::self, begun::add, session, grant);
        clock.pass(10_000);
        away.beforeReplace = () -> {
            throw new IOException("no answer");
        };
        assertThatThrownBy(ownership::tick).hasMessage("no answer");
        away.beforeReplace = () -> {
            away.beforeReplace = () -> {};
            assertThat(store.replace("tree", grant.entry(), claim.encode())).isPresent();
        };
        assertThatThrownBy(ownership::tick).hasMessageContaining("an earlier claim of this host");
        ownership.tick();
        ownership.check();
        assertThat(begun).containsExactly(ownership.epoch());
    }

    @Test
    void whatIsGivenUpIsFree() throws IOException {
        take().close();
        assertThat(Claim.decode(store.read("tree")).holder()).isNull();
        assertThat(store.notes("hosts/")).isEmpty();
    }

    @Test
    void whatIsWrittenIsSaidBefore() throws IOException {
        Storage disk = SimulatedStorage.disk(1);
        WrittenFiles written = WrittenFiles.takeOver(store, A, () -> true);
        Storage storage = new NotingStorage(disk, written);
        storage.create("a.vhd").close();
        storage.create(".catena/tmp/b").close();
        storage.rename("a.vhd", "base.vhd");
        storage.rename(".catena/tmp/b", "b.vhd");
        disk.create("untouched.vhd").close();
        storage.openReadOnly("untouched.vhd").close();
        assertThat(WrittenFiles.takeOver(store, A, () -> true).ofOthers()).isEmpty();
        assertThat(WrittenFiles.takeOver(store, B, () -> true).ofOthers())
                .isEqualTo(Set.of("a.vhd", "base.vhd", "b.vhd"));
    }

    /** A host that says what it writes, but had no answer when it did last. */
    private WrittenFiles withoutAnAnswer(WrittenFiles.Right right) throws IOException {
        MeddlingStore away = new MeddlingStore(store);
        WrittenFiles written = WrittenFiles.takeOver(away, A, right);
        away.afterReplace = () -> {
            away.afterReplace = () -> {};
            throw new IOException("no answer");
        };
        assertThatThrownBy(() -> written.add("a.vhd")).hasMessage("no answer");
        return written;
    }

    @Test
    void whoGotNoAnswerGoesOnToSayWhatIsWritten() throws IOException {
        WrittenFiles written = withoutAnAnswer(take()::isRecorded);
        written.add("b.vhd");
        written.add("c.vhd");
        assertThat(WrittenFiles.takeOver(store, B, () -> true).ofOthers()).containsExactly("b.vhd", "c.vhd");
    }

    /** Which has the text that was written without an answer. */
    private void takeOverByAnother() throws IOException {
        Session other = Session.join(store, TIMES, clock, HostRecord.of(B, "b", new UUID(2, 1)));
        Claim claim = Claim.held(other.holder(), List.of(), null);
        assertThat(other.claim("tree", store.read("tree").orElseThrow(), claim)).isPresent();
        assertThat(WrittenFiles.takeOver(store, B, () -> true).ofOthers()).containsExactly("a.vhd");
    }

    @Test
    void whoGotNoAnswerDoesNotGoOnWithTheRecordOfItsSuccessor() throws IOException {
        WrittenFiles written = withoutAnAnswer(take()::isRecorded);
        takeOverByAnother();
        assertThatThrownBy(() -> written.add("b.vhd")).isInstanceOf(LeaseLostException.class);
    }

    @Test
    void whoGotNoAnswerDoesNotGoOnIfTheSuccessorComesWhenItHasLooked() throws IOException {
        Ownership ownership = take();
        WrittenFiles written = withoutAnAnswer(() -> {
            boolean recorded = ownership.isRecorded();
            takeOverByAnother();
            return recorded;
        });
        assertThatThrownBy(() -> written.add("b.vhd")).isInstanceOf(LeaseLostException.class);
    }

    /** It was stopped before it said what it is going to write; the successor has not copied that. */
    @Test
    void whoIsLateCannotBeginToWriteAnotherFile() throws IOException {
        Storage disk = SimulatedStorage.disk(1);
        disk.create("a.vhd").close();
        Storage late = new NotingStorage(disk, WrittenFiles.takeOver(store, A, () -> false));
        WrittenFiles successor = WrittenFiles.takeOver(store, B, () -> true);
        assertThatThrownBy(() -> late.open("a.vhd")).isInstanceOf(LeaseLostException.class);
        successor.add("a.vhd");
        successor.forgetOthers();
        assertThat(WrittenFiles.takeOver(store, A, () -> true).ofOthers()).containsExactly("a.vhd");
    }

    @Test
    void lateWritesGoToAFileWithoutAName() throws IOException {
        Storage disk = SimulatedStorage.disk(1);
        BlockFile old = disk.create("a.vhd");
        old.write(5 << 20, ByteBuffer.wrap("kept".getBytes(US_ASCII)));
        long copied = WrittenFiles.replaceByCopies(disk, List.of("a.vhd", "gone.vhd"));
        old.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
        old.close();
        try (BlockFile file = disk.openReadOnly("a.vhd")) {
            ByteBuffer bytes = ByteBuffer.allocate((5 << 20) + 4);
            file.readFully(0, bytes);
            assertThat(bytes.getInt(0)).isZero();
            assertThat(bytes.get(5 << 20)).isEqualTo((byte) 'k');
            assertThat(file.size()).isEqualTo((5 << 20) + 4);
        }
        assertThat(copied).isEqualTo(4);
    }

    @Test
    void whatLeadsOutOfTheSrIsNoFileThatSomebodyWrites() throws IOException {
        store.replace(
                "files",
                null,
                "{\"../x.vhd\":\"b\",\"/etc/shadow\":\"b\",\"\":\"b\",\"..\":\"b\",\"a\\u0000\":\"b\",\"x.vhd\":\"b\"}");

        assertThat(WrittenFiles.takeOver(store, A, () -> true).ofOthers()).containsExactly("x.vhd");
    }
}
