package io.catena.store;

import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Predicate;

/** A storage that hands all calls on, for those that do something about some of them. As safe for threads as what it hands them to. */
public abstract class ForwardingStorage implements Storage {
    private final Storage storage;

    protected ForwardingStorage(Storage storage) {
        this.storage = storage;
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return storage.list(directory);
    }

    @Override
    public List<String> list(String directory, Predicate<String> wanted) throws IOException {
        return storage.list(directory, wanted);
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory) throws IOException {
        return storage.stamps(directory);
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory, Predicate<String> wanted) throws IOException {
        return storage.stamps(directory, wanted);
    }

    @Override
    public boolean exists(String name) throws IOException {
        return storage.exists(name);
    }

    @Override
    public BlockFile create(String name) throws IOException {
        return storage.create(name);
    }

    @Override
    public BlockFile open(String name) throws IOException {
        return storage.open(name);
    }

    @Override
    public BlockFile openReadOnly(String name) throws IOException {
        return storage.openReadOnly(name);
    }

    @Override
    public BlockFile openSource(String name) throws IOException {
        return storage.openSource(name);
    }

    @Override
    public boolean isWrittenElsewhere(String name) throws IOException {
        return storage.isWrittenElsewhere(name);
    }

    @Override
    public FileInfo info(String name) throws IOException {
        return storage.info(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        storage.rename(from, to);
    }

    @Override
    public void link(String file, String name) throws IOException {
        storage.link(file, name);
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
        storage.delete(name);
    }

    @Override
    public void syncNames() throws IOException {
        storage.syncNames();
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
}
