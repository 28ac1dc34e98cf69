package io.catena.sr.verb;

import io.catena.sr.open.FreeRoom;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.store.BlockFile;
import io.catena.stream.Spool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Files of an SR that hold what is sent until it can be read; of what a crash leaves the next attach gets rid.
 *
 * <p><b>Threads.</b> Safe for use by many threads. After {@link #closeAll} nothing more is written.
 */
public final class Spools implements Spool.Maker {
    private final OpenSr sr;
    private final Set<SpoolFile> open = ConcurrentHashMap.newKeySet();

    public Spools(OpenSr sr) {
        this.sr = sr;
    }

    @Override
    public Spool make() throws IOException {
        String name = SrFiles.temporary("upload-" + sr.environment.uuids().get());
        SpoolFile made = new SpoolFile(name, sr.storage.create(name));
        open.add(made);
        return made;
    }

    /** Returns the files that there are. */
    public Set<String> files() {
        return open.stream().map(spool -> spool.name).collect(Collectors.toSet());
    }

    /** Gets rid of all of them. */
    public void closeAll() throws IOException {
        for (SpoolFile spool : List.copyOf(open)) {
            spool.close();
        }
    }

    private final class SpoolFile implements Spool {
        private final String name;
        private final BlockFile file;
        private final FreeRoom room = sr.admission.room();
        private boolean closed;

        SpoolFile(String name, BlockFile file) {
            this.name = name;
            this.file = file;
        }

        @Override
        public synchronized long sizeBytes() throws IOException {
            checkOpen();
            return file.size();
        }

        @Override
        public synchronized void write(long offset, ByteBuffer source) throws IOException {
            checkOpen();
            room.take(source.remaining());
            file.write(offset, source);
        }

        @Override
        public synchronized void read(long offset, ByteBuffer target) throws IOException {
            checkOpen();
            file.readFully(offset, target);
        }

        private void checkOpen() throws ClosedChannelException {
            if (closed) {
                throw new ClosedChannelException();
            }
        }

        @Override
        public synchronized void close() throws IOException {
            if (!closed) {
                closed = true;
                open.remove(this);
                try (file) {
                    sr.storage.delete(name);
                }
            }
        }
    }
}
