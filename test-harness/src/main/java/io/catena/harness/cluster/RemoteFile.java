package io.catena.harness.cluster;

import static io.catena.disk.BlockDevice.SECTOR;

import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * An open file of another host. What was read or written once is read from this host's page cache, whatever happened to the
 * file since.
 */
final class RemoteFile implements BlockFile {
    private final SharedServer server;
    private final SimulatedLink link;
    private final BlockFile file;
    private final String identity;
    private final boolean locked;
    private final RemoteStorage.DataWatcher watcher;
    private final int session;
    /** By number: offsets, all of them even, would fall into few of the map's buckets. */
    private final Map<Long, byte[]> cachedSectors = new HashMap<>();

    RemoteFile(
            SharedServer server,
            SimulatedLink link,
            BlockFile file,
            String identity,
            boolean locked,
            RemoteStorage.DataWatcher watcher) {
        this.server = server;
        this.link = link;
        this.file = file;
        this.identity = identity;
        this.locked = locked;
        this.watcher = watcher;
        this.session = link.session();
    }

    /** As the server does with a request whose state it does not know any more. */
    private void requireState() throws IOException {
        if (locked && !server.hasLock(identity, session)) {
            throw new IOException(name() + ": Input/output error: the lock was lost");
        }
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        if (readCached(offset, target.duplicate())) {
            readCached(offset, target);
            return;
        }
        int start = target.position();
        link.call(() -> {
            requireState();
            file.read(offset, target);
            return target;
        });
        cache(offset, target.duplicate().flip().position(start));
    }

    private boolean readCached(long offset, ByteBuffer target) {
        if (offset % SECTOR != 0 || target.remaining() % SECTOR != 0) {
            return false;
        }
        for (long at = offset; target.hasRemaining(); at += SECTOR) {
            byte[] sector = cachedSectors.get(at / SECTOR);
            if (sector == null) {
                return false;
            }
            target.put(sector);
        }
        return true;
    }

    private void cache(long offset, ByteBuffer bytes) {
        long end = offset + bytes.remaining();
        long first = (offset + SECTOR - 1) / SECTOR * SECTOR;
        for (long at = offset / SECTOR * SECTOR; at < end; at += SECTOR) {
            if (at >= first && at + SECTOR <= end) {
                byte[] sector = new byte[SECTOR];
                bytes.get(bytes.position() + (int) (at - offset), sector);
                cachedSectors.put(at / SECTOR, sector);
            } else {
                cachedSectors.remove(at / SECTOR);
            }
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        ByteBuffer bytes = source.duplicate();
        source.position(source.limit());
        link.call(() -> {
            requireState();
            file.write(offset, bytes.duplicate());
            watcher.written(identity);
            return identity;
        });
        cache(offset, bytes);
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public void truncate(long size) throws IOException {
        cachedSectors.clear();
        link.call(() -> {
            requireState();
            file.truncate(size);
            watcher.written(identity);
            return identity;
        });
    }

    @Override
    public void sync() throws IOException {
        link.call(() -> {
            requireState();
            file.sync();
            return identity;
        });
    }

    @Override
    public String name() {
        return file.name();
    }

    /** Gives the lock up; like all that the kernel does by itself, it takes no time of the process. */
    @Override
    public void close() throws IOException {
        if (locked) {
            link.whenReachable(() -> server.unlock(identity, session));
        }
        file.close();
    }
}
