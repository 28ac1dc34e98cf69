package io.catena.store;

import static java.nio.file.StandardOpenOption.READ;

import io.catena.store.ConfinedFiles.Access;
import io.catena.store.OtherPlaces.Place;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * The files below a directory of the host.
 *
 * <p><b>Confinement.</b> No name leads out of the directory, through a link or to anything but a regular file, see {@link
 * ConfinedFiles}; links, FIFOs, sockets and devices in it are not listed, and not opened if they are named. Files outside are
 * read if they lie below a directory that the admin has allowed, and with the same care.
 *
 * <p><b>Interrupts.</b> Never interrupt a thread that may be inside a call: the JDK then closes the file under all its
 * users, whose calls fail with {@link java.nio.channels.ClosedByInterruptException} or {@link
 * java.nio.channels.ClosedChannelException}.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class FileStorage implements Storage {
    /** Files as Java alone reaches them: they share no extents. */
    public static final ConfinedFiles.Below JAVA_ALONE = JavaFiles::new;

    private final Root root;
    private final ConfinedFiles files;
    private final OtherPlaces others;
    private final WritableFiles writable;
    private final UnsyncedDirectories unsynced;

    /** Storage with what Java alone can do: it takes a file's size for what it has allocated, and punches no holes. */
    public FileStorage(Path root) {
        this(root, JavaFiles::new, List.of());
    }

    /** As {@link #FileStorage(Path)}, with other directories whose files can be read. */
    public FileStorage(Path root, List<Path> allowed) {
        this(root, JavaFiles::new, allowed);
    }

    /**
     * Storage below {@code root}, which is made with the first file if it does not exist.
     *
     * @param allowed other directories whose files can be read, as parents of disks
     */
    public FileStorage(Path root, ConfinedFiles.Below below, List<Path> allowed) {
        this.root = new Root(root);
        this.files = below.of(this.root.path());
        this.others = new OtherPlaces(below, allowed);
        this.writable = new WritableFiles(files);
        this.unsynced = new UnsyncedDirectories(this.root.path(), this::syncDirectory);
    }

    /** Whether a path of the host is a directory, and not a file: what a user names may be either. */
    public static boolean isDirectory(Path path) {
        return Files.isDirectory(path);
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return list(directory, name -> true);
    }

    @Override
    public List<String> list(String directory, Predicate<String> wanted) throws IOException {
        List<String> names = new ArrayList<>();
        unsynced.see(root.path().resolve(directory));
        look(directory, wanted, FileStat::isFile, (name, stat) -> names.add(name));
        Collections.sort(names);
        return Collections.unmodifiableList(names);
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory) throws IOException {
        return stamps(directory, name -> true);
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory, Predicate<String> wanted) throws IOException {
        SortedMap<String, Stamp> stamps = new TreeMap<>();
        unsynced.see(root.path().resolve(directory));
        look(
                directory,
                wanted,
                FileStat::isFile,
                (name, stat) -> stamps.put(
                        name, new Stamp(stat.identity(), stat.sizeBytes(), stat.modifiedNanos(), stat.changedNanos())));
        return Collections.unmodifiableSortedMap(stamps);
    }

    private void look(
            String directory, Predicate<String> wanted, Predicate<FileStat> kind, BiConsumer<String, FileStat> kept)
            throws IOException {
        String inside = directory.isEmpty() ? directory : root.inside(directory);
        try {
            files.list(inside, new Listing(inside, wanted, kind, kept));
        } catch (NoSuchFileException e) {
            // Then there is nothing in it.
        }
    }

    @Override
    public boolean exists(String name) throws IOException {
        return stat(name).filter(stat -> !stat.isDirectory()).isPresent();
    }

    private Optional<FileStat> stat(String name) throws IOException {
        Place place = place(name);
        return place.files().stat(place.name());
    }

    /** Finds the way to a file that is only looked at. */
    private Place place(String name) throws IOException {
        if (Root.isInside(name)) {
            unsynced.seeDirectoryOf(name);
            return new Place(files, name);
        }
        String meant = root.resolve("x", name);
        return Root.isInside(meant) && !meant.startsWith("/")
                ? place(meant)
                : others.find(root.anywhere(name), name, root.path());
    }

    @Override
    public BlockFile create(String name) throws IOException {
        Path directory = directoryOf(root.inside(name));
        makeDirectories(directory);
        try {
            return writable.create(name);
        } finally {
            unsynced.changed(directory);
        }
    }

    @Override
    public BlockFile open(String name) throws IOException {
        unsynced.seeDirectoryOf(root.inside(name));
        LockFile.checkNotHeld(root.path(), files, name);
        return writable.open(name);
    }

    @Override
    public BlockFile openReadOnly(String name) throws IOException {
        return openForReading(name, Access.READ);
    }

    @Override
    public BlockFile openSource(String name) throws IOException {
        return openForReading(name, Access.SOURCE);
    }

    private BlockFile openForReading(String name, Access access) throws IOException {
        Place place = place(name);
        LockFile.checkNotHeld(root.path(), place.files(), place.name());
        return new ChannelFile(name, place.files().open(place.name(), access));
    }

    @Override
    public boolean isWrittenElsewhere(String name) throws IOException {
        Place place = place(name);
        try (OpenFile file = place.files().open(place.name(), Access.READ);
                FileLock shared = file.channel().tryLock(0, Long.MAX_VALUE, true)) {
            return shared == null;
        } catch (OverlappingFileLockException e) {
            // This process has it.
            return false;
        }
    }

    @Override
    public FileInfo info(String name) throws IOException {
        FileStat stat = stat(name).orElseThrow(() -> new NoSuchFileException(name));
        if (!stat.isFile()) {
            throw new FileSystemException(name, null, "is " + stat.kind() + ", expected a regular file");
        }
        return new FileInfo(
                stat.sizeBytes(),
                stat.allocatedBytes(),
                TimeUnit.NANOSECONDS.toSeconds(stat.modifiedNanos()),
                stat.lastingIdentity());
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Path source = directoryOf(root.inside(from));
        Path target = directoryOf(root.inside(to));
        makeDirectories(target);
        try {
            files.rename(from, to);
        } finally {
            unsynced.changed(source);
            unsynced.changed(target);
        }
    }

    /** A file server that has done it, and whose answer was lost, says that the name exists when it is asked again. */
    @Override
    public void link(String file, String name) throws IOException {
        Path directory = directoryOf(root.inside(name));
        root.inside(file);
        makeDirectories(directory);
        try {
            files.link(file, name);
        } catch (FileAlreadyExistsException e) {
            if (!isSame(files.stat(file), files.stat(name))) {
                throw e;
            }
        } finally {
            unsynced.changed(directory);
        }
    }

    private static boolean isSame(Optional<FileStat> one, Optional<FileStat> other) {
        return one.isPresent() && one.map(FileStat::identity).equals(other.map(FileStat::identity));
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        Path parent = directoryOf(root.inside(name));
        makeDirectories(parent);
        try {
            files.makeDirectory(name);
        } finally {
            unsynced.changed(parent);
        }
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        Path parent = directoryOf(root.inside(name));
        try {
            files.removeDirectory(name);
        } catch (NoSuchFileException | DirectoryNotEmptyException e) {
            // As promised; the caller looks whether it is gone.
        } finally {
            unsynced.changed(parent);
        }
    }

    @Override
    public List<String> directories(String directory) throws IOException {
        List<String> names = new ArrayList<>();
        look(directory, name -> true, FileStat::isDirectory, (name, stat) -> names.add(name));
        Collections.sort(names);
        return names;
    }

    /** Leaves a directory alone: it is not a file, so there is no file of this name. */
    @Override
    public void delete(String name) throws IOException {
        Path directory = directoryOf(root.inside(name));
        Optional<FileStat> stat = files.stat(name);
        if (stat.isEmpty() || stat.get().isDirectory()) {
            return;
        }
        try {
            files.delete(name);
        } catch (NoSuchFileException gone) {
            // Somebody else deleted it meanwhile.
        } finally {
            unsynced.changed(directory);
        }
    }

    /** Syncs the directories in which names changed, and once each that this storage has met for the first time. */
    @Override
    public void syncNames() throws IOException {
        Scheduling.letOthersRun();
        unsynced.sync();
    }

    @Override
    public Space space() throws IOException {
        FileStore fileSystem = Files.getFileStore(root.path());
        return new Space(fileSystem.getTotalSpace(), fileSystem.getUsableSpace());
    }

    /**
     * Works between hosts that share the directory by NFS too, as far as the server keeps POSIX locks.
     *
     * @throws IOException also if the directory of the lock belongs to another user, or others may write there
     */
    @Override
    public StorageLock lock(String name) throws IOException {
        Path directory = directoryOf(root.inside(name));
        makeDirectories(directory);
        try {
            return LockFile.take(root.path(), files, name);
        } finally {
            unsynced.changed(directory);
        }
    }

    @Override
    public String resolve(String from, String reference) throws IOException {
        return root.resolve(from, reference);
    }

    private Path directoryOf(String name) {
        return Root.parent(root.path().resolve(name));
    }

    private void makeDirectories(Path directory) throws IOException {
        if (directory.startsWith(root.path().resolve(EPOCHS)) && !directory.endsWith(EPOCHS)) {
            return;
        }
        if (!directory.startsWith(root.path())) {
            throw new IllegalArgumentException(directory + " is not in " + root.path());
        }
        if (directory.equals(root.path())) {
            makeRoot(directory);
            return;
        }
        makeDirectories(Root.parent(directory));
        if (!isDirectoryHere(nameOf(directory))) {
            makeAbsent(directory);
        }
        unsynced.isThere(directory);
    }

    private void makeAbsent(Path directory) throws IOException {
        String name = nameOf(directory);
        try {
            files.makeDirectory(name);
        } catch (FileAlreadyExistsException e) {
            if (!isDirectoryHere(name)) {
                throw e;
            }
        } finally {
            unsynced.changed(Root.parent(directory));
        }
    }

    private boolean isDirectoryHere(String name) throws IOException {
        Optional<FileStat> stat = files.stat(name);
        if (stat.isPresent() && !stat.get().isDirectory()) {
            throw new NotConfinedException(name, "is " + stat.get().kind() + ", expected a directory");
        }
        return stat.isPresent();
    }

    /** What leads to the root is the admin's: links are followed. */
    private void makeRoot(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        makeRoot(Root.parent(directory));
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        } finally {
            unsynced.changed(Root.parent(directory));
        }
    }

    private String nameOf(Path directory) {
        return root.path().relativize(directory).toString();
    }

    private void syncDirectory(Path directory) throws IOException {
        if (directory.startsWith(root.path())) {
            files.syncDirectory(nameOf(directory));
            return;
        }
        try (FileChannel channel = FileChannel.open(directory, READ)) {
            channel.force(true);
        }
    }
}
