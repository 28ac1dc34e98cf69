package io.catena.agent.nbd;

import io.catena.agent.linux.PassedConnection;
import io.catena.agent.linux.PassedConnections;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The sockets at which other processes hand over their clients, one for each disk that somebody has asked this for, until the
 * disk is withdrawn.
 *
 * <p><b>Threads.</b> Safe for use by many threads; each socket has one that waits, and each visitor one for a moment.
 */
final class Handovers implements Closeable {
    /** Of all disks together; any more are turned away. */
    private static final int MOST_VISITORS = 64;

    private static final int IDLE_SECONDS = 10;

    /** After a failure to let somebody in, for instance for want of descriptors. */
    private static final int PAUSE_MILLIS = 100;

    private final NbdExports exports;
    private final Door door;
    private final ThreadPoolExecutor visitors;
    private final Map<VdiId, PassedConnections> open = new HashMap<>();

    Handovers(NbdExports exports, Door door) {
        this.exports = exports;
        this.door = door;
        this.visitors = new ThreadPoolExecutor(
                0, MOST_VISITORS, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "nbd-import-visitor");
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** As {@link NbdServer#handover}. */
    synchronized Path at(VdiId vdi) {
        NbdExport export = exports.find(vdi.toString());
        if (export == null) {
            throw new SrException(SrError.VDI_UNAVAILABLE, "VDI " + vdi + " is not active")
                    .correction("Activate it first.");
        }
        Path path = exports.socket().resolveSibling("import").resolve(vdi.toString());
        if (open.containsKey(vdi)) {
            return path;
        }
        try {
            Files.createDirectories(path.getParent());
            PassedConnections passed = PassedConnections.open(path);
            open.put(vdi, passed);
            Thread thread = new Thread(() -> admitAll(vdi, passed), "nbd-import-" + vdi);
            thread.setDaemon(true);
            thread.start();
        } catch (IOException e) {
            throw new SrException(
                            SrError.IO_ERROR, "VDI " + vdi + " cannot take connections over: " + e.getMessage(), e)
                    .correction("Choose a run directory with a shorter name, and make room there.");
        }
        export.clients().whenClosed(() -> end(vdi));
        return path;
    }

    /** A visitor that cannot be let in, or brings nothing good, does not keep the next from coming. */
    private void admitAll(VdiId vdi, PassedConnections passed) {
        Choice choice = new Choice.One(exports, vdi.toString());
        try {
            while (isOpen(vdi, passed)) {
                try {
                    PassedConnections.Visitor visitor = passed.accept();
                    if (visitor != null) {
                        receive(visitor, choice);
                    }
                } catch (IOException e) {
                    NbdLog.acceptFailed(e);
                    pause();
                }
            }
        } finally {
            passed.release();
        }
    }

    /** Others come in while one makes up its mind. */
    private void receive(PassedConnections.Visitor visitor, Choice choice) {
        try {
            visitors.execute(() -> admit(visitor, choice));
        } catch (RejectedExecutionException e) {
            visitor.turnAway();
        }
    }

    private void admit(PassedConnections.Visitor visitor, Choice choice) {
        try {
            Optional<PassedConnection> passed = visitor.receive();
            if (passed.isPresent()) {
                PassedConnection client = passed.get();
                door.admit(new Caller(client, client::endInput, choice, null));
            }
        } catch (IOException e) {
            NbdLog.acceptFailed(e);
        }
    }

    private synchronized boolean isOpen(VdiId vdi, PassedConnections passed) {
        return open.get(vdi) == passed;
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void end(VdiId vdi) {
        PassedConnections passed = open.remove(vdi);
        if (passed == null) {
            return;
        }
        try {
            passed.close();
        } catch (IOException e) {
            NbdLog.acceptFailed(e);
        }
    }

    @Override
    public synchronized void close() {
        List.copyOf(open.keySet()).forEach(this::end);
        visitors.shutdown();
    }
}
