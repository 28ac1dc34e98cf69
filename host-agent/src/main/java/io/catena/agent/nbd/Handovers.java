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

/**
 * The sockets at which other processes hand over their clients, one for each disk that somebody has asked this for, until the
 * disk is withdrawn.
 *
 * <p><b>Threads.</b> Safe for use by many threads; each socket has one that waits.
 */
final class Handovers implements Closeable {
    private final NbdExports exports;
    private final Door door;
    private final Map<VdiId, PassedConnections> open = new HashMap<>();

    Handovers(NbdExports exports, Door door) {
        this.exports = exports;
        this.door = door;
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

    private void admitAll(VdiId vdi, PassedConnections passed) {
        Choice choice = new Choice.One(exports, vdi.toString());
        try {
            for (PassedConnection next = passed.receive(); next != null; next = passed.receive()) {
                door.admit(new Caller(next, next::endInput, choice, null));
            }
        } catch (IOException e) {
            NbdLog.acceptFailed(e);
            end(vdi);
        } finally {
            passed.release();
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
    }
}
