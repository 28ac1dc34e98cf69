package io.catena.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.catena.agent.guest.Guest;
import io.catena.agent.guest.Hypervisor;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.libvirt.Domain;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;
import org.mockito.Mockito;

/** What comes of the failures of libvirt that no daemon can be made to have. */
@Timeout(60)
final class LibvirtFailureTest {
    private static final UUID ONE = new UUID(1, 1);
    private static final UUID OTHER = new UUID(2, 2);

    private final Deque<EventfulConnect> connections = new ArrayDeque<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private final Semaphore connected = new Semaphore(0);
    private final LibvirtLink link = new LibvirtLink("test:///", true, this::open);
    private final LibvirtHypervisor libvirt = new LibvirtHypervisor(link, Path.of("/run/catena/nbd.sock"));

    @AfterEach
    void close() {
        libvirt.close();
    }

    @Test
    void aGuestThatEndsWhileAllAreListedIsLeftOut() throws Exception {
        EventfulConnect connect = connection();
        Domain ended = domain(ONE);
        Domain runs = domain(OTHER);
        doThrow(failure(ErrorNumber.VIR_ERR_NO_DOMAIN)).when(ended).getXMLDesc(0);
        when(connect.listAllDomains(anyInt())).thenReturn(new Domain[] {ended, runs});
        start();

        assertThat(libvirt.guests()).extracting(Guest::guest).containsExactly(OTHER);
        verify(ended).free();
        verify(runs).free();
    }

    @Test
    void allGuestsAreFreedIfOneCannotBeDescribedOrFreed() throws Exception {
        EventfulConnect connect = connection();
        Domain broken = domain(ONE);
        Domain other = domain(OTHER);
        doThrow(failure(ErrorNumber.VIR_ERR_INTERNAL_ERROR)).when(broken).getXMLDesc(0);
        doThrow(failure(ErrorNumber.VIR_ERR_INTERNAL_ERROR)).when(broken).free();
        when(connect.listAllDomains(anyInt())).thenReturn(new Domain[] {broken, other});
        start();

        assertError(SrError.IO_ERROR, libvirt::guests);
        verify(broken).free();
        verify(other).free();
    }

    @Test
    void aGuestIsFreedIfItCannotBeAskedWhetherItRuns() throws Exception {
        EventfulConnect connect = connection();
        Domain broken = domain(ONE);
        doThrow(failure(ErrorNumber.VIR_ERR_OPERATION_TIMEOUT)).when(broken).isActive();
        when(connect.domainLookupByUUIDString(anyString())).thenReturn(broken);
        start();

        assertError(SrError.IO_ERROR, () -> libvirt.resume(ONE));
        verify(broken).free();
        verify(broken, Mockito.never()).resume();
    }

    @Test
    void whatLibvirtRefusesIsNoReasonToConnectAnew() throws Exception {
        EventfulConnect connect = connection();
        Domain guest = domain(ONE);
        doThrow(failure(ErrorNumber.VIR_ERR_OPERATION_INVALID))
                .doNothing()
                .when(guest)
                .resume();
        when(connect.domainLookupByUUIDString(anyString())).thenReturn(guest);
        start();

        assertError(SrError.IO_ERROR, () -> libvirt.resume(ONE));
        libvirt.resume(ONE);
        verify(connect, Mockito.never()).close();
    }

    @Test
    void aConnectionThatDiesUnderAQuestionIsMadeAnew() throws Exception {
        EventfulConnect dying = connection();
        LibvirtException broken = failure(ErrorNumber.VIR_ERR_RPC);
        when(dying.listAllDomains(anyInt())).thenThrow(broken);
        when(dying.isAlive()).thenThrow(broken);
        EventfulConnect next = connection();
        Domain[] guests = {domain(ONE)};
        when(next.listAllDomains(anyInt())).thenReturn(guests);
        start();

        assertError(SrError.HYPERVISOR_UNAVAILABLE, libvirt::guests);
        assertThat(connected.tryAcquire(30, TimeUnit.SECONDS))
                .as("connected anew")
                .isTrue();
        assertThat(libvirt.guests()).hasSize(1);
        verify(dying).close();
    }

    @Test
    void aHostWhoseLibvirtIsNotThereYetIsTriedAgain() throws Exception {
        EventfulConnect later = connection();
        when(later.listAllDomains(anyInt())).thenReturn(new Domain[0]);
        refusals.set(1);
        start();

        assertThat(libvirt.guests()).isEmpty();
        assertThat(refusals).hasNonPositiveValue();
    }

    private EventfulConnect open(LibvirtLink asking) throws LibvirtException {
        if (refusals.getAndDecrement() > 0) {
            throw failure(ErrorNumber.VIR_ERR_NO_CONNECT);
        }
        return connections.removeFirst();
    }

    private void start() throws InterruptedException {
        libvirt.start(new Hypervisor.Listener() {
            @Override
            public void connected() {
                connected.release();
            }

            @Override
            public void pausedByIoError(UUID guest) {}

            @Override
            public void unplugEnded(UUID guest, VdiId vdi) {}
        });
        assertThat(connected.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
    }

    private EventfulConnect connection() throws LibvirtException {
        EventfulConnect connect = mock(EventfulConnect.class);
        when(connect.isAlive()).thenReturn(true);
        when(connect.state(anyString())).thenReturn(Guest.State.RUNNING);
        connections.add(connect);
        return connect;
    }

    private static Domain domain(UUID id) throws LibvirtException {
        Domain domain = mock(Domain.class);
        when(domain.getUUIDString()).thenReturn(id.toString());
        when(domain.isActive()).thenReturn(1);
        when(domain.getXMLDesc(0))
                .thenReturn("<domain><name>g</name><uuid>" + id + "</uuid><devices></devices></domain>");
        return domain;
    }

    /** The library has no way to make one. */
    private static LibvirtException failure(ErrorNumber code) {
        org.libvirt.Error error = mock(org.libvirt.Error.class);
        when(error.getCode()).thenReturn(code);
        LibvirtException failure = mock(LibvirtException.class);
        when(failure.getError()).thenReturn(error);
        when(failure.getMessage()).thenReturn(code.name());
        return failure;
    }

    private static void assertError(SrError error, Runnable work) {
        assertThatThrownBy(work::run).isInstanceOfSatisfying(SrException.class, e -> {
            assertThat(e.error()).isEqualTo(error);
            assertThat(e.advice()).isNotNull();
        });
    }
}
