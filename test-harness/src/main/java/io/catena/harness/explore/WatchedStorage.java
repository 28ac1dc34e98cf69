package io.catena.harness.explore;

import io.catena.store.BlockFile;
import io.catena.store.ForwardingStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Storage that asks before each call whether it is to happen: to do something else at that moment, or to leave out a call
 * and see who notices.
 *
 * <p><b>Threads.</b> As safe as what it stands in front of.
 */
public final class WatchedStorage extends ForwardingStorage {
    private final Watcher watcher;
    private final ReadWatcher reads;

    /** Storage whose reads nobody watches. */
    public WatchedStorage(Storage storage, Watcher watcher) {
        this(storage, watcher, file -> {});
    }

    public WatchedStorage(Storage storage, Watcher watcher, ReadWatcher reads) {
        super(storage);
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
    public BlockFile create(String name) throws IOException {
        watcher.passes(Call.of(Call.Kind.CREATE, name));
        return new WatchedFile(name, super.create(name));
    }

    @Override
    public BlockFile open(String name) throws IOException {
        return new WatchedFile(name, super.open(name));
    }

    @Override
    public BlockFile openReadOnly(String name) throws IOException {
        return new WatchedFile(name, super.openReadOnly(name));
    }

    @Override
    public BlockFile openSource(String name) throws IOException {
        return new WatchedFile(name, super.openSource(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        if (watcher.passes(new Call(Call.Kind.RENAME, from, to, 0, ByteBuffer.allocate(0)))) {
            super.rename(from, to);
        }
    }

    @Override
    public void link(String file, String name) throws IOException {
        if (watcher.passes(new Call(Call.Kind.LINK, file, name, 0, ByteBuffer.allocate(0)))) {
            super.link(file, name);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        if (watcher.passes(Call.of(Call.Kind.DELETE, name))) {
            super.delete(name);
        }
    }

    @Override
    public void syncNames() throws IOException {
        if (watcher.passes(Call.of(Call.Kind.SYNC_NAMES, ""))) {
            super.syncNames();
        }
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
        public boolean writeOut(long offset, long lengthBytes) throws IOException {
            return file.writeOut(offset, lengthBytes);
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
