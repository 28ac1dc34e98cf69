package io.catena.agent.follow;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.follow.keep.HolderLostException;
import io.catena.agent.follow.keep.KeptShare;
import io.catena.agent.follow.keep.ServedDisk;
import io.catena.agent.nbd.ByteArrayDisk;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.disk.ForwardingDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.InOrder;

/** The disks of this host's guests, from a host that has the SR and is lost, to this one, which takes the SR. */
class TakenDisksTest {
    private static final int BYTES = 4096;
    private static final int PORT = 10_809;
    private static final String HOLDER = "guest";
    private static final Seen OTHER = new Seen("id", "hosta", "1", null, "https://127.0.0.1:1", 1, "", false, 0, 0);

    /** As much as one disk may have; two share it. */
    private static final long MEMORY_BYTES = 32 << 20;

    private final VdiId vdi = new VdiId(UUID.randomUUID());
    private final Served served = new Served();
    private final KeptShare memory = new KeptShare(MEMORY_BYTES);
    private final HolderDisks remote = mock(HolderDisks.class);
    private final Exporter taken;
    private final FollowedDisks followed;
    private final LocalService service;

    TakenDisksTest() {
        service = new LocalService(remote, served, memory, () -> {});
        followed = new FollowedDisks(remote, service, served);
        taken = new TakenDisks(followed, service, served);
    }

    /** What this host serves. */
    private static final class Served implements Exporter {
        private @Nullable BlockDevice device;
        private @Nullable VdiId changed;

        @Override
        public Export announce(VdiId vdi, AccessMode mode) {
            return new Export(vdi, mode, "nbd:" + vdi);
        }

        @Override
        public void conceal(VdiId vdi) {
            device = null;
        }

        @Override
        public Export publish(VdiId vdi, AccessMode mode, BlockDevice published) {
            device = published;
            return announce(vdi, mode);
        }

        @Override
        public void withdraw(VdiId vdi) {
            device = null;
        }

        @Override
        public void contentChanged(VdiId vdi) {
            changed = vdi;
        }

        BlockDevice device() {
            return requireNonNull(device);
        }
    }

    /** A disk of another host, until that is lost. */
    private static final class OtherHosts extends ForwardingDevice implements ServedDisk {
        private boolean lost;

        OtherHosts() {
            super(new ByteArrayDisk(BYTES));
        }

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            if (lost) {
                throw new HolderLostException("lost", new IOException("lost"));
            }
            super.write(offset, source);
        }

        @Override
        public void close() {
            lost = true;
        }
    }

    @BeforeEach
    void activate() throws IOException {
        when(remote.holder()).thenReturn(OTHER);
        Pool.Claims claims = new Pool.Claims(PORT, List.of());
        when(remote.activate(vdi, HOLDER, AccessMode.READ_WRITE)).thenReturn(claims);
        when(remote.ticket(claims, vdi, HOLDER)).thenReturn("ticket");
        when(remote.connect(any(), any(), eq(PORT), any())).thenAnswer(call -> new OtherHosts());
        followed.activate(vdi, HOLDER, AccessMode.READ_WRITE);
    }

    /** Its guest stands still meanwhile: the connection must not begin only when the disk is this host's. */
    @Test
    void theHostIsConnectedToWhileItIsAskedForTheDiskOnce() throws IOException {
        InOrder order = inOrder(remote);
        order.verify(remote).approach();
        order.verify(remote).activate(vdi, HOLDER, AccessMode.READ_WRITE);
        order.verify(remote).connect(any(), any(), eq(PORT), any());
        verify(remote, never()).claims();
    }

    private static ByteBuffer bytes(int value) {
        return ByteBuffer.wrap(new byte[] {(byte) value});
    }

    private static byte first(BlockDevice disk) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(1);
        disk.read(0, read);
        return read.get(0);
    }

    @Test
    void aGuestGoesOnWithTheDiskItselfAndFindsWhatItWrote() throws IOException {
        BlockDevice guests = served.device();
        guests.write(0, bytes(7));
        service.suspectLoss();
        assertThat(service.areAllServed()).isFalse();

        BlockDevice own = new ByteArrayDisk(BYTES);
        taken.publish(vdi, AccessMode.READ_WRITE, own);

        assertThat(served.device()).isSameAs(guests);
        assertThat(first(own)).isEqualTo((byte) 7);
        guests.write(0, bytes(8));
        assertThat(first(own)).isEqualTo((byte) 8);
    }

    @Test
    void aDiskThatWasTakenFromThisHostFailsAndIsServedAnew() throws IOException {
        BlockDevice guests = served.device();
        when(remote.isOurs(any(), any())).thenReturn(false);
        followed.alone(() -> followed.confirmed(List.of()));
        assertThatThrownBy(() -> first(guests)).hasMessageContaining("another host had taken VDI " + vdi);

        BlockDevice own = new ByteArrayDisk(BYTES);
        taken.publish(vdi, AccessMode.READ_WRITE, own);

        assertThat(served.device()).isSameAs(own);
    }

    /** A mirror of it begins anew then. */
    @Test
    void theExporterIsToldThatADiskShowsSomethingElse() {
        taken.contentChanged(vdi);
        assertThat(served.changed).isEqualTo(vdi);
    }

    /** Also of a disk that nobody has active: it has no share to give back. */
    @Test
    void theMemoryOfADiskIsForOthersWhenItIsServedByItsOwn() throws IOException {
        VdiId attached = new VdiId(UUID.randomUUID());
        followed.attach(attached, HOLDER, AccessMode.READ_WRITE);
        taken.publish(attached, AccessMode.READ_WRITE, new ByteArrayDisk(BYTES));
        memory.joined();
        assertThat(memory.bytes()).isEqualTo(MEMORY_BYTES / 2);

        taken.withdraw(vdi);

        assertThat(memory.bytes()).isEqualTo(MEMORY_BYTES);
    }

    /** Its guest is to be told so, and not that all is written. */
    @Test
    void aDiskIsNotDeactivatedWhileRequestsWait() throws IOException {
        service.suspectLoss();
        assertThatThrownBy(() -> followed.deactivate(vdi, HOLDER)).hasMessageContaining("which has the SR");
        verify(remote, never()).deactivate(any(), any(), any());
        assertThat(followed.holds()).extracting(Hold::active).containsExactly(AccessMode.READ_WRITE);
    }

    /** The host that has the SR may take its time to note that the ticket is good no more. */
    @Test
    void aTicketIsNotUsedAgainWhateverBecomesOfTheRequestToDeactivateTheDisk() throws IOException {
        doThrow(new SrException(SrError.TRY_AGAIN, "silent")).when(remote).deactivate(vdi, HOLDER, "ticket");

        assertThatThrownBy(() -> followed.deactivate(vdi, HOLDER)).hasMessageContaining("silent");

        assertThat(followed.holds()).extracting(Hold::active).containsOnlyNulls();
        assertThatThrownBy(() -> followed.activate(vdi, HOLDER, AccessMode.READ_WRITE))
                .hasMessageContaining("was still being deactivated");
        verify(remote).connect(any(), any(), eq(PORT), any());
        verify(remote).deactivate(vdi, HOLDER, null);
    }

    /** What was not flushed is not made again there: others may have written meanwhile. */
    @Test
    void aDiskThatWasTakenFromThisHostBeginsAnewWhenItIsActivatedAgain() throws IOException {
        BlockDevice guests = served.device();
        guests.write(0, bytes(7));
        followed.failed(vdi, "taken");
        Pool.Claims claims = new Pool.Claims(PORT, List.of());
        when(remote.activate(vdi, HOLDER, AccessMode.READ_WRITE)).thenReturn(claims);
        when(remote.ticket(claims, vdi, HOLDER)).thenReturn("another ticket");

        followed.activate(vdi, HOLDER, AccessMode.READ_WRITE);

        assertThat(served.device()).isNotSameAs(guests);
        assertThat(first(served.device())).isZero();
    }

    /** The host that has the SR has noted ahead that it may be active here, or an answer was lost. */
    @Test
    void whatTheHostBelievesToBeOursAndIsNotIsGivenBack() throws IOException {
        followed.deactivate(vdi, HOLDER);
        Pool.Claims claims = new Pool.Claims(
                PORT, List.of(claimed(vdi, "ahead"), claimed(new VdiId(UUID.randomUUID()), "not known here")));
        when(remote.claims()).thenReturn(claims);
        when(remote.tooMuch(any(), eq(claims))).thenAnswer(call -> claims.tooMuch("self", call.getArgument(0)));
        assertThat(followed.areTooMany(claims)).isTrue();

        followed.reconnect();

        verify(remote).deactivate(vdi, HOLDER, "ahead");
        verify(remote, never()).deactivate(any(), any(), eq("not known here"));
    }

    private static Held claimed(VdiId disk, String ticket) {
        AccessMode rw = AccessMode.READ_WRITE;
        return new Held(disk, Hold.ofFollower("self", HOLDER), rw, rw, ticket);
    }

    @Test
    void whatIsActiveHereIsNotGivenBack() {
        Pool.Claims claims = new Pool.Claims(PORT, List.of(claimed(vdi, "ticket")));

        assertThat(claims.tooMuch("self", followed.holds())).isEmpty();
    }
}
