package io.catena.harness.api;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** A way to a port of this host that breaks off once, when so much went there over one connection. */
final class BreakingLink implements Closeable {
    private static final int PIECE_BYTES = 1 << 14;

    private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean broken = new AtomicBoolean();
    private final int port;
    private final long bytes;

    /**
     * @param port where it leads
     * @param bytes how many go there before it breaks
     */
    BreakingLink(int port, long bytes) throws IOException {
        this.port = port;
        this.bytes = bytes;
        start(this::accept);
    }

    /** What a thread does until something is closed. */
    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // One end was closed.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return door.getLocalPort();
    }

    boolean hasBroken() {
        return broken.get();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = door.accept();
            Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
            sockets.add(client);
            sockets.add(server);
            start(() -> pass(client, server, bytes));
            start(() -> pass(server, client, Long.MAX_VALUE));
        }
    }

    private void pass(Socket from, Socket to, long most) throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        long passed = 0;
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int length = in.read(piece); length > 0; length = in.read(piece)) {
                out.write(piece, 0, length);
                passed += length;
                if (passed > most && broken.compareAndSet(false, true)) {
                    return;
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
