package io.catena.harness.explore;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SortedMap;

/**
 * Storage that asks before each call whether it is to happen: to do something else at that moment, or to leave out a call
 * and see who notices.
 *
 * <p><b>Threads.</b> As safe as what it stands in front of.
 */
public final class WatchedStorage implements Storage {
    private final Storage storage;
    private final Watcher watcher;
    private final ReadWatcher reads;

    /** Storage whose reads nobody watches. */
    public WatchedStorage(Storage storage, Watcher watcher) {
        this(storage, watcher, file -> {});
    }

    public WatchedStorage(Storage storage, Watcher watcher, ReadWatcher reads) {
        this.storage = storage;
        this.watcher = watcher;
        this.reads = reads;
    }

    /** Is asked before each call that changes or syncs something. */
    @FunctionalInterface
    public interface Watcher {
        /** Returns whether the call is to happen; if not, it seems to succeed. A create always happens. */
        boolean passes(Call call) throws IOException;
    }

    /** Is told before each read of a file's bytes. */
    @FunctionalInterface
    public interface ReadWatcher {
        /** Does something else before. */
        void before(String file) throws IOException;
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return storage.list(directory);
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory) throws IOException {
        return storage.stamps(directory);
    }

    @Override
    public boolean exists(String name) throws IOException {
        return storage.exists(name);
    }

    @Override
    public BlockFile create(String name) throws IOException {
        watcher.passes(Call.of(Call.Kind.CREATE, name));
        return new WatchedFile(name, storage.create(name));
    }

    @Override
    public BlockFile open(String name) throws IOException {
        return new WatchedFile(name, storage.open(name));
    }

    @Override
    public BlockFile openReadOnly(String name) throws IOException {
        return new WatchedFile(name, storage.openReadOnly(name));
    }

    @Override
    public FileInfo info(String name) throws IOException {
        return storage.info(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        if (watcher.passes(new Call(Call.Kind.RENAME, from, to, 0, ByteBuffer.allocate(0)))) {
            storage.rename(from, to);
        }
    }

    @Override
    public void link(String file, String name) throws IOException {
        if (watcher.passes(new Call(Call.Kind.LINK, file, name, 0, ByteBuffer.allocate(0)))) {
            storage.link(file, name);
        }
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        storage.makeDirectory(name);
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        storage.removeDirectory(name);
    }

    @Override
    public List<String> directories(String directory) throws IOException {
        return storage.directories(directory);
    }

    @Override
    public void delete(String name) throws IOException {
        if (watcher.passes(Call.of(Call.Kind.DELETE, name))) {
            storage.delete(name);
        }
    }

    @Override
    public void syncNames() throws IOException {
        if (watcher.passes(Call.of(Call.Kind.SYNC_NAMES, ""))) {
            storage.syncNames();
        }
    }

    @Override
    public Space space() throws IOException {
        return storage.space();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return storage.lock(name);
    }

    @Override
    public String resolve(String from, String reference) throws IOException {
        return storage.resolve(from, reference);
    }

    private final class WatchedFile implements BlockFile {
        private final String name;
        private final BlockFile file;

        WatchedFile(String name, BlockFile file) {
            this.name = name;
            this.file = file;
        }

        @Override
        public void read(long offset, ByteBuffer target) throws IOException {
            reads.before(name);
            file.read(offset, target);
        }

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            if (watcher.passes(new Call(Call.Kind.WRITE, name, "", offset, source.slice()))) {
                file.write(offset, source);
            } else {
                source.position(source.limit());
            }
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void truncate(long size) throws IOException {
            if (watcher.passes(new Call(Call.Kind.TRUNCATE, name, "", size, ByteBuffer.allocate(0)))) {
                file.truncate(size);
            }
        }

        @Override
        public void punchHole(long offset, long lengthBytes) throws IOException {
            if (watcher.passes(new Call(Call.Kind.PUNCH, name, "", offset, ByteBuffer.allocate(0)))) {
                file.punchHole(offset, lengthBytes);
            }
        }

        @Override
        public boolean punchesHoles() {
            return file.punchesHoles();
        }

        @Override
        public void writeOut(long offset, long lengthBytes) throws IOException {
            file.writeOut(offset, lengthBytes);
        }

        @Override
        public void sync() throws IOException {
            if (watcher.passes(Call.of(Call.Kind.SYNC, name))) {
                file.sync();
            }
        }

        @Override
        public String name() {
            return file.name();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
