package io.catena.harness.e2e;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The network in front of a host, at 127.0.0.2 with the host's own ports. While it is cut nothing arrives and nothing is refused;
 * what was sent arrives when it is healed, as TCP sends it again.
 */
final class CutLink implements AutoCloseable {
    private static final int PIECE_BYTES = 1 << 16;

    private final List<ServerSocket> doors = new ArrayList<>();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    /** Guarded by this. */
    private boolean cut;

    private volatile boolean closed;

    CutLink(Collection<Integer> ports) throws IOException {
        boolean open = false;
        try {
            for (int port : ports) {
                ServerSocket door = new ServerSocket(port, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 2}));
                doors.add(door);
                start(() -> accept(door, port));
            }
            open = true;
        } finally {
            if (!open) {
                close();
            }
        }
    }

    /** What a thread does until something is closed. */
    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException | InterruptedException e) {
                // One end was closed.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void accept(ServerSocket door, int port) throws IOException {
        while (true) {
            Socket client = keep(door.accept());
            try {
                Socket host = keep(new Socket(InetAddress.getLoopbackAddress(), port));
                start(() -> pump(client, host));
                start(() -> pump(host, client));
            } catch (ConnectException e) {
                client.close(); // the host's process is not there now
            }
        }
    }

    private Socket keep(Socket socket) throws IOException {
        sockets.add(socket);
        if (closed) {
            socket.close();
        }
        return socket;
    }

    private void pump(Socket from, Socket to) throws IOException, InterruptedException {
        byte[] piece = new byte[PIECE_BYTES];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int length = in.read(piece); length >= 0; length = in.read(piece)) {
                awaitLink();
                out.write(piece, 0, length);
            }
            awaitLink();
        }
    }

    private synchronized void awaitLink() throws InterruptedException {
        while (cut) {
            wait();
        }
    }

    synchronized void cut() {
        cut = true;
    }

    synchronized void heal() {
        cut = false;
        notifyAll();
    }

    @Override
    public void close() throws IOException {
        closed = true;
        for (Closeable door : doors) {
            door.close();
        }
        for (Socket socket : sockets) {
            socket.close();
        }
        heal();
    }
}
