package io.catena.agent.follow.content;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.stream.Spool;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;

/**
 * A file of this host that keeps an image until it is read. It has no name, so that nothing of it is left if the agent is killed.
 * For use by one thread.
 */
final class LocalSpool implements Spool {
    /** For large files, by the file system hierarchy standard; not in memory, as {@code /run} and often {@code /tmp} are. */
    private static final Path DIRECTORY = Path.of("/var/tmp");

    /** Left to others: the host's own file system must not run full. */
    private static final long RESERVE_BYTES = 1L << 30;

    private final Path directory;
    private final FileChannel channel;
    private final FileStore place;
    private final long reserveBytes;

    private LocalSpool(Path directory, FileChannel channel, FileStore place, long reserveBytes) {
        this.directory = directory;
        this.channel = channel;
        this.place = place;
        this.reserveBytes = reserveBytes;
    }

    static Spool make() throws IOException {
        return make(DIRECTORY, RESERVE_BYTES);
    }

    static Spool make(Path directory, long reserveBytes) throws IOException {
        Path file = directory.resolve("catena-upload-" + UUID.randomUUID());
        FileStore place = Files.getFileStore(directory);
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Files.delete(file);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return new LocalSpool(directory, channel, place, reserveBytes);
    }

    @Override
    public long sizeBytes() throws IOException {
        return channel.size();
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        checkRoom(source.remaining());
        long at = offset;
        while (source.hasRemaining()) {
            at += channel.write(source, at);
        }
    }

    private void checkRoom(long bytes) throws IOException {
        long free = place.getUsableSpace();
        if (free - bytes < reserveBytes) {
            throw new SrException(
                            SrError.SR_NO_SPACE,
                            "A qcow2 image is kept in " + directory + " of this host before it is read, where "
                                    + channel.size() + " bytes of it fit; " + free + " bytes are free, of which "
                                    + reserveBytes + " stay free")
                    .correction("Make room there, or import the image on the host that has the SR.");
        }
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        long at = offset;
        while (target.hasRemaining()) {
            int length = channel.read(target, at);
            if (length < 0) {
                throw new EOFException("the image ends at " + channel.size() + ", wanted is what stands at " + at);
            }
            at += length;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
