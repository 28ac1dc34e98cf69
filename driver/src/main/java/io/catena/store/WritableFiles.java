package io.catena.store;

import io.catena.store.ConfinedFiles.Access;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.HashMap;
import java.util.Map;

/**
 * The files of a storage that are open for writing: each through one description, which is locked, however many have it open
 * and under whatever names.
 *
 * <p>A file with a second name is not opened for writing: that name may be somebody else's, in a place that is not ours to
 * change, or that of another disk.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class WritableFiles {
    /** By identity. Guarded by this, with the counts of their users. */
    private final Map<String, Shared> open = new HashMap<>();

    private final ConfinedFiles files;

    WritableFiles(ConfinedFiles files) {
        this.files = files;
    }

    synchronized BlockFile create(String name) throws IOException {
        return locked(name, files.open(name, Access.CREATE)).lend(name);
    }

    /**
     * Opens a file, or lends what is open already.
     *
     * @throws StorageLockedException if somebody else writes it
     */
    synchronized BlockFile open(String name) throws IOException {
        FileStat seen = files.stat(name).orElseThrow(() -> new NoSuchFileException(name));
        Shared known = open.get(seen.identity());
        return (known == null ? locked(name, files.open(name, Access.WRITE)) : known).lend(name);
    }

    private Shared locked(String name, OpenFile file) throws IOException {
        boolean done = false;
        try {
            Shared known = open.get(file.stat().identity());
            if (known != null) {
                return known;
            }
            lock(name, file);
            Shared shared = new Shared(file.stat().identity(), new ChannelFile(name, file));
            open.put(shared.identity, shared);
            done = true;
            return shared;
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    private static void lock(String name, OpenFile file) throws IOException {
        if (file.stat().links() > 1) {
            throw new FileSystemException(
                    name,
                    null,
                    "has " + file.stat().links()
                            + " names (hard links), so writing to it would change what others have; not opened for"
                            + " writing. Delete the other names, or copy the file and put the copy in its place");
        }
        if (!file.tryLock()) {
            throw new StorageLockedException(name + " is in use: another program or agent, maybe on another host, or"
                    + " another repository of this process, has it open for writing");
        }
    }

    /** One file, with those who have it open. */
    private final class Shared {
        private final String identity;
        private final ChannelFile file;
        private int users;

        Shared(String identity, ChannelFile file) {
            this.identity = identity;
            this.file = file;
        }

        BlockFile lend(String name) {
            users++;
            return new Lent(name, this);
        }

        void giveBack() throws IOException {
            synchronized (WritableFiles.this) {
                users--;
                if (users > 0) {
                    return;
                }
                open.remove(identity);
            }
            file.close();
        }
    }

    /** One opening of a file. */
    static final class Lent implements BlockFile {
        private final String name;
        private final Shared shared;
        private final ChannelFile file;
        private volatile boolean closed;

        Lent(String name, Shared shared) {
            this.name = name;
            this.shared = shared;
            this.file = shared.file;
        }

        /** Returns the file, unless this was closed. */
        ChannelFile file() throws ClosedChannelException {
            if (closed) {
                throw new ClosedChannelException();
            }
            return file;
        }

        @Override
        public void read(long offset, ByteBuffer target) throws IOException {
            file().read(offset, target);
        }

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            file().write(offset, source);
        }

        @Override
        public long size() throws IOException {
            return file().size();
        }

        @Override
        public void truncate(long size) throws IOException {
            file().truncate(size);
        }

        @Override
        public void punchHole(long offset, long lengthBytes) throws IOException {
            file().punchHole(offset, lengthBytes);
        }

        @Override
        public boolean punchesHoles() {
            return file.punchesHoles();
        }

        @Override
        public Taken takeFrom(BlockFile source, long sourceOffset, long offset, long lengthBytes) throws IOException {
            return file().takeFrom(source, sourceOffset, offset, lengthBytes);
        }

        @Override
        public boolean writeOut(long offset, long lengthBytes) throws IOException {
            return file().writeOut(offset, lengthBytes);
        }

        @Override
        public void sync() throws IOException {
            file().sync();
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public synchronized void close() throws IOException {
            if (!closed) {
                closed = true;
                shared.giveBack();
            }
        }
    }
}
