package io.catena.harness.sim;

import io.catena.store.BlockFile;
import io.catena.store.LeaseLostException;
import io.catena.store.Storage;
import io.catena.store.StorageLock;
import io.catena.store.StorageLockedException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Storage in memory with a volatile write cache, or all volatile. Belongs to a {@link Machine}, which has the power switch
 * and injects faults; the package's description says what they do. A file outside the root is one of another storage of
 * the machine.
 *
 * <p><b>Threads.</b> Safe for use by many threads; guarded by the machine.
 */
public final class SimulatedStorage implements Storage {
    private static final long DEFAULT_SPACE_BYTES = 1L << 50;

    private final Machine machine;
    private final SimulatedRoot root;
    private final boolean isVolatile;
    private final NameTable names = new NameTable();
    private final Set<String> locks = new HashSet<>();

    /** Those that were made by themselves; survive all faults. */
    private final Set<String> directories = new HashSet<>();

    private long spaceBytes = DEFAULT_SPACE_BYTES;

    SimulatedStorage(Machine machine, String name, boolean isVolatile) {
        this.machine = machine;
        this.root = new SimulatedRoot("/" + name);
        this.isVolatile = isVolatile;
    }

    /** A disk, alone in a machine of its own. */
    public static SimulatedStorage disk(long seed) {
        return new Machine(seed).disk("sr");
    }

    /** A file system in memory that a power cut empties, alone in a machine of its own. */
    public static SimulatedStorage tmpfs(long seed) {
        return new Machine(seed).tmpfs("redo");
    }

    /** Returns the machine, for its faults. */
    public Machine machine() {
        return machine;
    }

    /**
     * Adds copies of all files of a storage of another machine, each with one name; they are durable, and no call was made
     * for them. So what many runs begin with need be made only once.
     *
     * @throws IllegalStateException if a power cut could still take back something there
     */
    public void copyFrom(SimulatedStorage other) {
        synchronized (other.machine) {
            synchronized (machine) {
                names.copyFrom(other.names);
            }
        }
    }

    /** Lets writes fail for lack of space when they would allocate more than {@code bytes} from now on. */
    public void fullAfter(long bytes) {
        synchronized (machine) {
            spaceBytes = usedBytes() + bytes;
        }
    }

    @Override
    public List<String> list(String directory) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            if (!directory.isEmpty()) {
                root.checkInside(directory);
            }
            String prefix = directory.isEmpty() ? "" : directory + "/";
            return names.startingWith(prefix).stream()
                    .filter(name -> name.indexOf('/', prefix.length()) < 0)
                    .toList();
        }
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory) throws IOException {
        synchronized (machine) {
            SortedMap<String, Stamp> stamps = new TreeMap<>();
            for (String name : list(directory)) {
                CachedFile file = get(name);
                stamps.put(name, file.stamp());
            }
            return stamps;
        }
    }

    @Override
    public boolean exists(String name) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            return machine.find(root.absolute(name)) != null;
        }
    }

    @Override
    public BlockFile create(String name) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            root.checkInside(name);
            checkDirectory(name);
            if (find(name) != null) {
                throw new FileAlreadyExistsException(name);
            }
            CachedFile file = new CachedFile(machine.nowEpochSeconds());
            call("create " + name, () -> names.create(name, file));
            return new SimulatedFile(machine, this, name, file, true);
        }
    }

    @Override
    public BlockFile open(String name) throws IOException {
        root.checkInside(name);
        return open(name, true);
    }

    @Override
    public BlockFile openReadOnly(String name) throws IOException {
        return open(name, false);
    }

    private BlockFile open(String name, boolean writable) throws IOException {
        synchronized (machine) {
            CachedFile file = get(name);
            if (locks.contains(root.nameOf(root.absolute(name)))) {
                throw new StorageLockedException(name + " is the lock of its storage; to open it could drop the lock");
            }
            return new SimulatedFile(machine, this, name, file, writable);
        }
    }

    @Override
    public FileInfo info(String name) throws IOException {
        synchronized (machine) {
            CachedFile file = get(name);
            return new FileInfo(
                    file.size(),
                    file.allocatedBytes(),
                    file.modifiedEpochSeconds(),
                    file.stamp().identity());
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        synchronized (machine) {
            root.checkInside(from);
            root.checkInside(to);
            checkDirectory(to);
            CachedFile file = get(from);
            call("rename " + from + " to " + to, () -> names.rename(from, file, to));
        }
    }

    @Override
    public void link(String file, String name) throws IOException {
        synchronized (machine) {
            root.checkInside(file);
            root.checkInside(name);
            checkDirectory(name);
            CachedFile linked = get(file);
            CachedFile found = find(name);
            if (found != null && found != linked) {
                throw new FileAlreadyExistsException(name);
            }
            call("link " + file + " to " + name, () -> names.create(name, linked));
        }
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            root.checkInside(name);
            if (hasDirectory(name)) {
                throw new FileAlreadyExistsException(name);
            }
            directories.add(name);
        }
    }

    private boolean hasDirectory(String name) {
        return directories.contains(name) || !names.startingWith(name + "/").isEmpty();
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            root.checkInside(name);
            if (names.startingWith(name + "/").isEmpty()) {
                directories.remove(name);
            }
        }
    }

    @Override
    public List<String> directories(String directory) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            if (!directory.isEmpty()) {
                root.checkInside(directory);
            }
            String prefix = directory.isEmpty() ? "" : directory + "/";
            TreeSet<String> found = new TreeSet<>();
            Stream.concat(
                            names.startingWith(prefix).stream().filter(name -> name.indexOf('/', prefix.length()) > 0),
                            directories.stream()
                                    .filter(name -> name.startsWith(prefix))
                                    .map(name -> name + "/"))
                    .forEach(name -> found.add(name.substring(0, name.indexOf('/', prefix.length()))));
            return List.copyOf(found);
        }
    }

    /** A change of names below {@link Storage#EPOCHS} makes no directory. */
    private void checkDirectory(String name) throws IOException {
        String parent = name.substring(0, Math.max(0, name.lastIndexOf('/')));
        if (parent.startsWith(EPOCHS + "/") && !directories.contains(parent)) {
            throw new NoSuchFileException(name);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            root.checkInside(name);
            CachedFile file = find(name);
            if (file != null) {
                call("delete " + name, () -> names.delete(name, file));
            }
        }
    }

    @Override
    public void syncNames() throws IOException {
        synchronized (machine) {
            call("sync names", names::sync);
        }
    }

    @Override
    public Space space() throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            return new Space(spaceBytes, Math.max(0, spaceBytes - usedBytes()));
        }
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        synchronized (machine) {
            machine.checkRunning();
            root.checkInside(name);
            if (find(name) == null) {
                create(name).close();
            }
            if (!locks.add(name)) {
                throw new StorageLockedException(root.path() + " is in use: " + name + " is locked");
            }
            return new Lock(name);
        }
    }

    @Override
    public String resolve(String from, String reference) throws IOException {
        return root.resolve(from, reference);
    }

    SimulatedRoot root() {
        return root;
    }

    boolean isVolatile() {
        return isVolatile;
    }

    @Nullable
    CachedFile find(String name) {
        return names.find(name);
    }

    long freePages() {
        return spaceBytes == DEFAULT_SPACE_BYTES ? Long.MAX_VALUE : (spaceBytes - usedBytes()) / SparseBytes.PAGE;
    }

    void losePower(Random random) {
        locks.clear();
        if (isVolatile) {
            names.clear();
            return;
        }
        names.losePower(random);
        names.files().forEach(file -> file.losePower(random));
    }

    void loseProcess() {
        locks.clear();
    }

    private CachedFile get(String name) throws IOException {
        machine.checkRunning();
        CachedFile file = machine.find(root.absolute(name));
        if (file == null) {
            throw new NoSuchFileException(name);
        }
        return file;
    }

    private long usedBytes() {
        return names.files().stream().mapToLong(CachedFile::allocatedBytes).sum();
    }

    private void call(String what, Change change) throws IOException {
        machine.call(root.path() + ": " + what, change);
    }

    private final class Lock implements StorageLock {
        private final String name;
        private final @Nullable CachedFile file;
        private final int incarnation = machine.incarnation();
        private final List<Runnable> listeners = new ArrayList<>();
        private boolean lost;
        private boolean closed;

        Lock(String name) {
            this.name = name;
            this.file = find(name);
        }

        @Override
        public long epoch() {
            return 0;
        }

        @Override
        public void check() throws IOException {
            synchronized (machine) {
                machine.checkRunning();
                if (!lost && find(name) != file) {
                    lost = true;
                    listeners.forEach(Runnable::run);
                }
                if (lost) {
                    throw new LeaseLostException(name + " is not the file any more that was locked");
                }
            }
        }

        @Override
        public void onLost(Runnable told) {
            synchronized (machine) {
                listeners.add(told);
                if (lost) {
                    told.run();
                }
            }
        }

        @Override
        public void close() {
            synchronized (machine) {
                if (!closed && incarnation == machine.incarnation()) {
                    locks.remove(name);
                }
                closed = true;
            }
        }
    }
}
