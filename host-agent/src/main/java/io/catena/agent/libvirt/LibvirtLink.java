package io.catena.agent.libvirt;

import io.catena.agent.guest.Hypervisor;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.event.DomainEvent;
import org.libvirt.event.DomainEventType;
import org.libvirt.event.SuspendedDetail;

/**
 * A connection to libvirt that is made again whenever it is lost.
 *
 * <p><b>Threads.</b> Questions come from any thread. One thread connects, and passes on what libvirt's event loop tells,
 * which must not be kept waiting.
 */
final class LibvirtLink implements Closeable {
    private static final Logger LOG = Logger.getLogger(LibvirtLink.class.getName());
    private static final long RETRY_MILLIS = 1000;

    /** The first connection has libvirt look at all of its emulators. */
    private static final long FIRST_ATTEMPT_MILLIS = 60_000;

    private static final int KEEPALIVE_SECONDS = 5;
    private static final int KEEPALIVE_COUNT = 3;

    /** The sockets of the daemon for the whole host, in one piece and in many. */
    private static final List<Path> SYSTEM_SOCKETS =
            List.of(Path.of("/run/libvirt/libvirt-sock"), Path.of("/run/libvirt/virtqemud-sock"));

    private final String uri;
    private final boolean expected;
    private final Connecting connecting;
    private final ScheduledThreadPoolExecutor thread;
    private final CountDownLatch firstAttempt = new CountDownLatch(1);

    private volatile @Nullable EventfulConnect connect;
    private volatile String trouble = "it was not tried yet";

    /** Used by the thread only. */
    private boolean wasThere;

    /** Set before the thread starts. */
    private Hypervisor.@Nullable Listener listener;

    /** Makes a connection. */
    @FunctionalInterface
    interface Connecting {
        EventfulConnect open(LibvirtLink link) throws LibvirtException;
    }

    @FunctionalInterface
    interface Question<T> {
        T ask(EventfulConnect connect) throws LibvirtException;
    }

    /**
     * @param expected whether somebody asked for it; else a host without libvirt is nothing to worry about
     */
    LibvirtLink(String uri, boolean expected) {
        this(uri, expected, LibvirtLink::open);
    }

    /** As {@link #LibvirtLink(String, boolean)}, with connections of another make. */
    LibvirtLink(String uri, boolean expected, Connecting connecting) {
        this.uri = uri;
        this.expected = expected;
        this.connecting = connecting;
        thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread worker = new Thread(task, "libvirt");
            worker.setDaemon(true);
            return worker;
        });
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    void start(Hypervisor.Listener told) {
        listener = told;
        thread.execute(this::connect);
    }

    /**
     * Asks libvirt.
     *
     * @param what the question, for error messages
     * @throws SrException {@link SrError#HYPERVISOR_UNAVAILABLE} if it cannot be reached, {@link SrError#IO_ERROR} if it
     *     refuses
     */
    <T> T ask(String what, Question<T> question) {
        EventfulConnect present = connected();
        try {
            return question.ask(present);
        } catch (LibvirtException e) {
            if (!isAlive(present)) {
                lost(present);
                throw unavailable(String.valueOf(e.getMessage()), e);
            }
            throw new SrException(SrError.IO_ERROR, "libvirt cannot " + what + ": " + e.getMessage(), e)
                    .correction("See libvirt's log, and that of the guest in /var/log/libvirt/qemu.");
        }
    }

    @Override
    public void close() {
        thread.shutdown();
        EventfulConnect present = connect;
        connect = null;
        if (present != null) {
            end(present);
        }
    }

    private EventfulConnect connected() {
        awaitFirstAttempt();
        EventfulConnect present = connect;
        if (present == null) {
            throw unavailable(trouble, null);
        }
        return present;
    }

    private void awaitFirstAttempt() {
        try {
            if (!firstAttempt.await(FIRST_ATTEMPT_MILLIS, TimeUnit.MILLISECONDS)) {
                LOG.warning(LogLine.of("libvirt-slow", "uri", uri));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private SrException unavailable(String reason, @Nullable Exception cause) {
        String message = "libvirt cannot be reached at " + uri + ": " + reason;
        SrException failure = cause == null
                ? new SrException(SrError.HYPERVISOR_UNAVAILABLE, message)
                : new SrException(SrError.HYPERVISOR_UNAVAILABLE, message, cause);
        return failure.correction("Start libvirtd, or start the agent with another --libvirt URI; it keeps trying.");
    }

    private void connect() {
        try {
            EventfulConnect fresh = connecting.open(this);
            connect = fresh;
            wasThere = true;
            LOG.info(LogLine.of("libvirt-connected", "uri", uri));
            firstAttempt.countDown();
            tell(Hypervisor.Listener::connected);
        } catch (LibvirtException | SrException e) {
            failed(Objects.requireNonNullElse(e.getMessage(), e.toString()));
        } catch (LinkageError e) {
            failed("the library libvirt.so.0 is missing or too old; install libvirt0 (" + e.getMessage() + ")");
        }
    }

    private EventfulConnect open() throws LibvirtException {
        if (isAbsent()) {
            // Spares a host without libvirt the loading of its library.
            throw new SrException(SrError.HYPERVISOR_UNAVAILABLE, "there is no socket at " + SYSTEM_SOCKETS);
        }
        EventLoop.start();
        EventfulConnect fresh = new EventfulConnect(uri);
        try {
            Versions.check(fresh);
            listen(fresh);
            return fresh;
        } catch (LibvirtException | RuntimeException e) {
            end(fresh);
            throw e;
        }
    }

    private boolean isAbsent() {
        return uri.equals(LibvirtHypervisor.DEFAULT_URI)
                && SYSTEM_SOCKETS.stream().noneMatch(Files::exists);
    }

    private void listen(EventfulConnect fresh) throws LibvirtException {
        fresh.onUnplugEnded((guest, vdi) -> later(told -> told.unplugEnded(guest, vdi)));
        fresh.addLifecycleListener(this::changed);
        if (uri.contains("/embed")) {
            // The driver within this process neither closes nor has to be kept alive.
            return;
        }
        fresh.registerCloseListener((closed, reason) -> run(() -> lost(fresh)));
        fresh.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
    }

    /** On libvirt's event thread. */
    private int changed(Domain domain, DomainEvent event) {
        if (event.getType() == DomainEventType.SUSPENDED && isIoError(event)) {
            try {
                UUID guest = UUID.fromString(domain.getUUIDString());
                later(told -> told.pausedByIoError(guest));
            } catch (LibvirtException e) {
                LOG.log(Level.WARNING, LogLine.of("libvirt-event-lost", "event", event), e);
            }
        }
        return 0;
    }

    private static boolean isIoError(DomainEvent event) {
        Object detail = event.<SuspendedDetail>getDetail();
        return detail == SuspendedDetail.IOERROR;
    }

    private void failed(String reason) {
        if (!reason.equals(trouble)) {
            boolean harmless = !expected && !wasThere && isAbsent();
            String hint = "it is tried again every second; --libvirt none leaves guests alone";
            LOG.log(
                    harmless ? Level.INFO : Level.WARNING,
                    LogLine.of("libvirt-unavailable", "uri", uri, "reason", reason, "hint", hint));
            trouble = reason;
        }
        firstAttempt.countDown();
        retry();
    }

    /** May be called more than once for a connection, from any thread. */
    @SuppressWarnings("ReferenceEquality") // connections to the same place are equal
    private void lost(EventfulConnect old) {
        synchronized (this) {
            if (connect != old) {
                return;
            }
            connect = null;
            trouble = "the connection was lost";
        }
        LOG.warning(LogLine.of("libvirt-lost", "uri", uri));
        run(() -> end(old));
        retry();
    }

    private void retry() {
        try {
            ScheduledFuture<?> unused = thread.schedule(this::connect, RETRY_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.log(Level.FINE, LogLine.of("libvirt-closed"), e);
        }
    }

    private void later(Telling telling) {
        run(() -> tell(telling));
    }

    private void run(Runnable task) {
        try {
            thread.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.log(Level.FINE, LogLine.of("libvirt-closed"), e);
        }
    }

    @FunctionalInterface
    private interface Telling {
        void tell(Hypervisor.Listener listener);
    }

    private void tell(Telling telling) {
        try {
            telling.tell(Objects.requireNonNull(listener));
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("libvirt-event-failed"), e);
        }
    }

    private static boolean isAlive(EventfulConnect present) {
        try {
            return present.isAlive();
        } catch (LibvirtException e) {
            return false;
        }
    }

    private static void end(EventfulConnect old) {
        try {
            old.close();
        } catch (LibvirtException e) {
            LOG.log(Level.FINE, LogLine.of("libvirt-close-failed"), e);
        }
    }
}
