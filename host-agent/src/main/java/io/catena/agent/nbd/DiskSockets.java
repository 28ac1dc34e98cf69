package io.catena.agent.nbd;

import io.catena.agent.linux.TrustedPeers;
import io.catena.agent.nbd.listen.UnixListener;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Unix sockets for one disk each, which is served there under any name, to root and the agent's own user: for clients that
 * know a disk by its socket.
 *
 * <p>A socket is there until its disk is withdrawn. When the server closes, the files stay: a server that starts in the same
 * directory listens again for those of the disks that it serves.
 *
 * <p><b>Threads.</b> Safe for use by many threads; one accepts for all sockets.
 */
final class DiskSockets implements Closeable {
    private final NbdExports exports;
    private final Door door;
    private final Path directory;
    private final Map<VdiId, UnixListener> open = new HashMap<>();

    /** Null until there is a socket; guarded by this. */
    private @Nullable Selector selector;

    /** Guarded by this. */
    private boolean closed;

    DiskSockets(NbdExports exports, Door door) {
        this.exports = exports;
        this.door = door;
        this.directory = exports.socket().resolveSibling("disk");
    }

    /** Listens again at the sockets that a server before this one left, and removes those of disks that are not served. */
    synchronized void restore() throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        List<Path> left;
        try (Stream<Path> files = Files.list(directory)) {
            left = files.toList();
        }
        for (Path file : left) {
            NbdExport export = exports.find(String.valueOf(file.getFileName()));
            if (export == null) {
                Files.deleteIfExists(file);
            } else {
                listen(export, file);
            }
        }
    }

    /** As {@link NbdServer#socketOf}. */
    synchronized Path at(VdiId vdi) {
        NbdExport export = exports.find(vdi.toString());
        if (export == null) {
            throw new SrException(SrError.VDI_UNAVAILABLE, "VDI " + vdi + " is not active")
                    .correction("Activate it first.");
        }
        Path path = directory.resolve(vdi.toString());
        if (!open.containsKey(vdi)) {
            try {
                listen(export, path);
            } catch (IOException e) {
                throw new SrException(
                                SrError.IO_ERROR,
                                "VDI " + vdi + " cannot have a socket of its own: " + e.getMessage(),
                                e)
                        .correction("Choose a run directory with a shorter name, and make room there.");
            }
        }
        return path;
    }

    private void listen(NbdExport export, Path path) throws IOException {
        if (closed) {
            throw new IOException("the server is closed");
        }
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        TrustedPeers peers = TrustedPeers.ownersOf(directory);
        UnixListener listener = UnixListener.open(path);
        try {
            Selector events = selector();
            listener.register(events, new Socket(listener, new Choice.One(exports, export.name()), peers));
            events.wakeup();
        } catch (IOException e) {
            listener.close();
            throw e;
        }
        open.put(export.vdi(), listener);
        export.clients().whenClosed(() -> end(export.vdi()));
    }

    private Selector selector() throws IOException {
        Selector events = selector;
        if (events == null) {
            Selector fresh = Selector.open();
            Thread thread = new Thread(() -> acceptAll(fresh), "nbd-accept-disks");
            thread.setDaemon(true);
            thread.start();
            selector = fresh;
            events = fresh;
        }
        return events;
    }

    /** A socket, what is served there and to whom. */
    private record Socket(UnixListener listener, Choice choice, TrustedPeers peers) {}

    private void acceptAll(Selector events) {
        while (events.isOpen()) {
            try {
                events.select();
                for (SelectionKey key : List.copyOf(events.selectedKeys())) {
                    events.selectedKeys().remove(key);
                    accept((Socket) key.attachment());
                }
            } catch (IOException | RuntimeException e) {
                // A socket that was closed meanwhile, or one client that could not be let in: the others are served.
                if (events.isOpen()) {
                    NbdLog.acceptFailed(e);
                }
            }
        }
    }

    private void accept(Socket at) throws IOException {
        if (!at.listener().isOpen()) {
            return;
        }
        SocketChannel client = at.listener().accept();
        if (client == null) {
            return;
        }
        if (at.peers().include(client)) {
            door.admit(Caller.of(client, at.choice(), null));
        } else {
            client.close();
        }
    }

    private synchronized void end(VdiId vdi) {
        UnixListener listener = open.remove(vdi);
        if (listener == null) {
            return;
        }
        try {
            listener.close();
            wake();
        } catch (IOException e) {
            NbdLog.acceptFailed(e);
        }
    }

    /** A closed channel's descriptor is freed by whoever selects. */
    private void wake() {
        if (selector != null) {
            selector.wakeup();
        }
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        for (UnixListener listener : open.values()) {
            listener.leaveFile();
        }
        open.clear();
        if (selector != null) {
            selector.close();
        }
    }
}
