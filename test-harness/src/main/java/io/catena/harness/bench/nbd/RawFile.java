package io.catena.harness.bench.nbd;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A raw file, served by a peer for the whole benchmark: the flat disk that all are measured by. */
final class RawFile implements Contestant, Closeable {
    private final String title;
    private final Path file;
    private final Disks disks;
    private final PeerServer server;

    /** Begins to serve a file. */
    @FunctionalInterface
    interface Starter {
        PeerServer start(Path socket, Path file) throws IOException;
    }

    private RawFile(String title, Path file, Disks disks, PeerServer server) {
        this.title = title;
        this.file = file;
        this.disks = disks;
        this.server = server;
    }

    static RawFile make(String title, Path directory, Disks disks, Starter starter) throws IOException {
        Path file = directory.resolve(title + ".raw");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            disks.fill((offset, source) -> writeFully(channel, offset, source));
            extend(channel, disks.sizeBytes());
            channel.force(false);
        }
        return new RawFile(title, file, disks, starter.start(directory.resolve(title + ".sock"), file));
    }

    private static void writeFully(FileChannel channel, long offset, ByteBuffer source) throws IOException {
        for (long at = offset; source.hasRemaining(); ) {
            at += channel.write(source, at);
        }
    }

    private static void extend(FileChannel channel, long sizeBytes) throws IOException {
        channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public boolean has(Ground ground) {
        return ground != Ground.OVER_PARENT;
    }

    /** A flat file has no parent, and is empty again when it was cut off and grown behind its server's back. */
    @Override
    public Served serve(Ground ground) throws IOException {
        if (ground == Ground.EMPTY) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(disks.hotBytes());
                extend(channel, disks.sizeBytes());
            }
        }
        return server.served(file);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
