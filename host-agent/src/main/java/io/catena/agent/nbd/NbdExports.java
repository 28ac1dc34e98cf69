package io.catena.agent.nbd;

import io.catena.agent.nbd.context.Changes;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.disk.RequestMeters;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The disks that are served over NBD, by export name. The name of an export is the UUID of its VDI.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class NbdExports implements Exporter, Choice {
    /** What needs no encoding in the query of a URI. */
    private static final String PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~";

    /** Shorter than the usual deadline of a handshake, so that a client who waits in vain is told so. */
    private static final Duration RESTORE_PATIENCE = Duration.ofSeconds(5);

    private final Path socket;
    private final Duration drainDeadline;
    private final RequestMeters meters;
    private final Map<String, NbdExport> byName = new ConcurrentHashMap<>();

    /** What an export's name has between the id of its disk and what lets another host in. */
    private static final char BEFORE_TICKET = '@';

    private volatile Tickets tickets = (vdi, ticket, device) -> null;

    private volatile Changes changes = Changes.NONE;

    /** The names of disks that are attached; those that are not active are in this only. */
    private final Set<String> announced = ConcurrentHashMap.newKeySet();

    private final Object arrivals = new Object();

    /** Whether exports are on their way that were there before; guarded by {@link #arrivals}. */
    private boolean isRestoring;

    /** The disks that clients wait for, once for each client, the first to come first; guarded by {@link #arrivals}. */
    private final Deque<VdiId> awaited = new ArrayDeque<>();

    /**
     * @param socket where the server listens
     * @param drainDeadline how long {@link #withdraw} waits for requests under way
     */
    public NbdExports(Path socket, Duration drainDeadline) {
        this(socket, drainDeadline, RequestMeters.NONE);
    }

    /**
     * As {@link #NbdExports(Path, Duration)}, with all requests measured.
     *
     * @param meters hear of the requests to each disk
     */
    public NbdExports(Path socket, Duration drainDeadline, RequestMeters meters) {
        this.socket = socket.toAbsolutePath();
        this.drainDeadline = drainDeadline;
        this.meters = meters;
    }

    /** Lets other hosts in, each to the disks that it was given a ticket for. */
    @FunctionalInterface
    public interface Tickets {
        /**
         * Returns the disk for a connection that begins; null if the ticket is not good for it.
         *
         * @param device as it is served
         */
        @Nullable
        BlockDevice admit(VdiId vdi, String ticket, BlockDevice device);
    }

    /** Serves disks to those, too, who have a ticket: their name for a disk is its id, "@" and the ticket. */
    public void admitBy(Tickets others) {
        tickets = others;
    }

    /** Lets clients ask what changed in disks. */
    public void tellChangesBy(Changes known) {
        changes = known;
    }

    @Override
    public Changes changes() {
        return changes;
    }

    /** Runs what publishes again what the last agent served. Clients who ask for what is not there yet wait for it meanwhile. */
    public void restore(Runnable work) {
        isRestoring(true);
        try {
            work.run();
        } finally {
            isRestoring(false);
        }
    }

    /** Returns the disks that clients wait for at this moment, the first to come first. */
    public List<VdiId> awaited() {
        synchronized (arrivals) {
            return List.copyOf(awaited);
        }
    }

    private void isRestoring(boolean now) {
        synchronized (arrivals) {
            isRestoring = now;
            arrivals.notifyAll();
        }
    }

    @Override
    public void await(String name) {
        int at = name.indexOf(BEFORE_TICKET);
        String export = at < 0 ? name : name.substring(0, at);
        if (!Uuids.isUuid(export)) {
            awaitAll();
            return;
        }
        VdiId vdi = VdiId.parse(export);
        synchronized (arrivals) {
            awaited.addLast(vdi);
            try {
                await(() -> byName.containsKey(export));
            } finally {
                awaited.removeFirstOccurrence(vdi);
            }
        }
    }

    @Override
    public void awaitAll() {
        await(() -> false);
    }

    private void await(BooleanSupplier hasArrived) {
        long deadline = System.nanoTime() + RESTORE_PATIENCE.toNanos();
        synchronized (arrivals) {
            long left = RESTORE_PATIENCE.toMillis();
            while (isRestoring && left > 0 && !hasArrived.getAsBoolean()) {
                try {
                    arrivals.wait(left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
                left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            }
        }
    }

    /** Where the server of these exports listens. */
    public Path socket() {
        return socket;
    }

    @Override
    public Export announce(VdiId vdi, AccessMode mode) {
        announced.add(vdi.toString());
        return new Export(vdi, mode, uriOf(vdi));
    }

    @Override
    public void conceal(VdiId vdi) {
        announced.remove(vdi.toString());
    }

    /**
     * {@inheritDoc}
     *
     * @throws SrException with {@link SrError#VDI_IN_USE} if it is published already, or still being withdrawn
     */
    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) {
        NbdExport export = new NbdExport(vdi, mode, device, new ConnectionSet(), meters.of(vdi));
        if (byName.putIfAbsent(export.name(), export) != null) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + vdi + " is exported over NBD already")
                    .correction("Detach the VDI first.");
        }
        synchronized (arrivals) {
            arrivals.notifyAll();
        }
        return new Export(vdi, mode, uriOf(vdi));
    }

    /**
     * {@inheritDoc} A request counts from when it was received; requests that are still in the socket are not answered.
     * Does nothing if the VDI is not published.
     *
     * @throws SrException with {@link SrError#TRY_AGAIN} if a request did not return from the device within the deadline;
     *     the VDI then has no new clients, and withdrawing it again goes on waiting
     */
    @Override
    public void withdraw(VdiId vdi) {
        NbdExport export = byName.get(vdi.toString());
        if (export == null) {
            return;
        }
        if (!export.clients().close(drainDeadline)) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "VDI " + vdi + " has requests of "
                                    + export.clients().size()
                                    + " NBD connections under way that did not finish within "
                                    + drainDeadline.toMillis() + " ms")
                    .correction("Check the storage below the SR, then detach the VDI again.");
        }
        byName.remove(export.name(), export);
    }

    @Override
    public @Nullable NbdExport find(String name) {
        int at = name.indexOf(BEFORE_TICKET);
        if (at >= 0) {
            return find(name.substring(0, at), name.substring(at + 1));
        }
        NbdExport export = byName.get(name);
        return export == null || export.clients().isClosed() ? null : export;
    }

    /** First the export, then its ticket: one that is published after the ticket became void is not found by it. */
    private @Nullable NbdExport find(String name, String ticket) {
        NbdExport export = find(name);
        BlockDevice device = export == null ? null : tickets.admit(export.vdi(), ticket, export.device());
        return export == null || device == null ? null : export.of(device);
    }

    @Override
    public Refusal absence(String name) {
        return new Refusal(
                NbdProtocol.REP_ERR_UNKNOWN,
                announced.contains(name)
                        ? "the disk is attached, but not active: no I/O until it is activated"
                        : "there is no export of this name");
    }

    @Override
    public List<String> names() {
        return byName.values().stream()
                .filter(export -> !export.clients().isClosed())
                .map(NbdExport::name)
                .sorted()
                .toList();
    }

    private String uriOf(VdiId vdi) {
        return "nbd+unix:///" + vdi + "?socket=" + percentEncoded(socket.toString());
    }

    private static String percentEncoded(String path) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) Byte.toUnsignedInt(b);
            if (PLAIN.indexOf(c) >= 0) {
                encoded.append(c);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        return encoded.toString();
    }
}
