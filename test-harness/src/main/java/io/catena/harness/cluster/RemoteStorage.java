package io.catena.harness.cluster;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.StorageLock;
import io.catena.store.StorageLockedException;
import java.io.IOException;
import java.util.List;
import java.util.SortedMap;

/** The shared file system as one host has it mounted. A file that is open for writing is locked. */
final class RemoteStorage implements Storage {
    private final SharedServer server;
    private final SimulatedLink link;
    private final boolean locks;
    private final NameWatcher names;
    private final DataWatcher data;

    /**
     * @param locks whether a lost lock makes the server refuse
     * @param names is told of changes of names, when the server executes them
     * @param data is told of writes, when the server executes them
     */
    RemoteStorage(SharedServer server, SimulatedLink link, boolean locks, NameWatcher names, DataWatcher data) {
        this.server = server;
        this.link = link;
        this.locks = locks;
        this.names = names;
        this.data = data;
    }

    /** Sees names change. */
    interface NameWatcher {
        void changed(String name);
    }

    /** Sees files change. */
    interface DataWatcher {
        void written(String identity);
    }

    private Storage at() {
        return server.storage();
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return link.call(() -> at().list(directory));
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory) throws IOException {
        return link.call(() -> at().stamps(directory));
    }

    @Override
    public boolean exists(String name) throws IOException {
        return link.call(() -> at().exists(name));
    }

    @Override
    public BlockFile create(String name) throws IOException {
        return link.call(() -> {
            BlockFile file = at().create(name);
            names.changed(name);
            String identity = server.identity(name);
            server.lock(identity, link.session());
            return remote(file, identity, true);
        });
    }

    private RemoteFile remote(BlockFile file, String identity, boolean writable) {
        return new RemoteFile(server, link, file, identity, writable && locks, data);
    }

    @Override
    public BlockFile open(String name) throws IOException {
        int session = link.session();
        return link.call(() -> {
            String identity = server.identity(name);
            if (locks && !server.lock(identity, session)) {
                throw new StorageLockedException(name + " is locked by another host");
            }
            return remote(at().open(name), identity, true);
        });
    }

    @Override
    public BlockFile openReadOnly(String name) throws IOException {
        return link.call(() -> {
            BlockFile file = at().openReadOnly(name);
            return remote(file, server.identity(name), false);
        });
    }

    @Override
    public FileInfo info(String name) throws IOException {
        return link.call(() -> at().info(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        change(() -> at().rename(from, to), from, to);
    }

    @Override
    public void link(String file, String name) throws IOException {
        change(() -> at().link(file, name), name);
    }

    @Override
    public void delete(String name) throws IOException {
        change(() -> at().delete(name), name);
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        change(() -> at().makeDirectory(name));
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        change(() -> at().removeDirectory(name));
    }

    private interface Change {
        void execute() throws IOException;
    }

    private void change(Change change, String... changed) throws IOException {
        link.call(() -> {
            change.execute();
            for (String name : changed) {
                names.changed(name);
            }
            return changed;
        });
    }

    @Override
    public List<String> directories(String directory) throws IOException {
        return link.call(() -> at().directories(directory));
    }

    @Override
    public void syncNames() throws IOException {
        link.call(() -> {
            at().syncNames();
            return this;
        });
    }

    @Override
    public Space space() throws IOException {
        return at().space();
    }

    @Override
    public StorageLock lock(String name) {
        throw new UnsupportedOperationException("hosts of a cluster do not lock the directory");
    }

    @Override
    public String resolve(String from, String reference) throws IOException {
        return at().resolve(from, reference);
    }
}
