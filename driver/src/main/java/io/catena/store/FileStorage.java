package io.catena.store;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The files below a directory of the host.
 *
 * <p><b>Interrupts.</b> Never interrupt a thread that may be inside a call: the JDK then closes the file under all its
 * users, whose calls fail with {@link java.nio.channels.ClosedByInterruptException} or {@link
 * java.nio.channels.ClosedChannelException}.
 *
 * <p><b>Links.</b> A symbolic link inside the directory reads as the file that it leads to, but is not opened for writing
 * if that file lies outside.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class FileStorage implements Storage {
    private static final String STAMP_ATTRIBUTES = "unix:isRegularFile,dev,ino,size,lastModifiedTime,ctime";

    private final Root root;
    private final AllocatedBytes allocatedBytes;
    private final HolePunch.@Nullable Opener holes;
    private final UnsyncedDirectories unsynced;

    /** Storage that takes a file's size for what it has allocated, and punches no holes. */
    public FileStorage(Path root) {
        this(root, Files::size, null);
    }

    /**
     * Storage below {@code root}, which is made with the first file if it does not exist.
     *
     * @param allocatedBytes used by {@link #info}
     * @param holes for files opened for writing; null if none are to be punched
     */
    public FileStorage(Path root, AllocatedBytes allocatedBytes, HolePunch.@Nullable Opener holes) {
        this.root = new Root(root);
        this.allocatedBytes = allocatedBytes;
        this.holes = holes;
        this.unsynced = new UnsyncedDirectories(this.root.path(), FileStorage::syncDirectory);
    }

    /** Whether a path of the host is a directory, and not a file: what a user names may be either. */
    public static boolean isDirectory(Path path) {
        return Files.isDirectory(path);
    }

    @Override
    public List<String> list(String directory) throws IOException {
        Path path = directory.isEmpty() ? root.path() : root.inside(directory);
        unsynced.see(path);
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path, file -> Files.isRegularFile(file))) {
            files.forEach(file -> names.add(root.path().relativize(file).toString()));
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        Collections.sort(names);
        return Collections.unmodifiableList(names);
    }

    @Override
    public SortedMap<String, Stamp> stamps(String directory) throws IOException {
        Path path = directory.isEmpty() ? root.path() : root.inside(directory);
        unsynced.see(path);
        SortedMap<String, Stamp> stamps = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
            for (Path file : files) {
                stamp(file)
                        .ifPresent(
                                stamp -> stamps.put(root.path().relativize(file).toString(), stamp));
            }
        } catch (NoSuchFileException e) {
            return Collections.emptySortedMap();
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return Collections.unmodifiableSortedMap(stamps);
    }

    /** Empty if it is no regular file, or was deleted meanwhile. */
    private static Optional<Stamp> stamp(Path file) throws IOException {
        try {
            Map<String, Object> found = Files.readAttributes(file, STAMP_ATTRIBUTES);
            if (!Boolean.TRUE.equals(found.get("isRegularFile"))) {
                return Optional.empty();
            }
            return Optional.of(new Stamp(
                    found.get("dev") + ":" + found.get("ino"),
                    Long.parseLong(String.valueOf(found.get("size"))),
                    nanos(found.get("lastModifiedTime")),
                    nanos(found.get("ctime"))));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static long nanos(@Nullable Object time) throws IOException {
        if (time instanceof FileTime known) {
            return known.to(TimeUnit.NANOSECONDS);
        }
        throw new IOException("the file system tells no times of its files");
    }

    /** Not {@link Files#exists}, which also says no when it cannot tell. */
    @Override
    public boolean exists(String name) throws IOException {
        try {
            return !Files.readAttributes(look(name), BasicFileAttributes.class).isDirectory();
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public BlockFile create(String name) throws IOException {
        Path file = root.inside(name);
        makeDirectories(Root.parent(file));
        try {
            FileChannel channel = FileChannel.open(file, CREATE_NEW, READ, WRITE);
            if (holes == null) {
                return new ChannelFile(name, channel, null);
            }
            channel.close();
            return openWithHoles(name, file, holes);
        } finally {
            unsynced.changed(Root.parent(file));
        }
    }

    @Override
    public BlockFile open(String name) throws IOException {
        root.checkNoLinkToOutside(root.inside(name));
        Path file = look(name);
        StorageLock.checkNotHeld(file.toRealPath());
        return holes == null
                ? new ChannelFile(name, FileChannel.open(file, READ, WRITE), null)
                : openWithHoles(name, file, holes);
    }

    /** Opens the file through its hole punch: both must be the same file, also if the name changes meanwhile. */
    private static BlockFile openWithHoles(String name, Path file, HolePunch.Opener opener) throws IOException {
        HolePunch punch = opener.open(file);
        try {
            return new ChannelFile(name, FileChannel.open(punch.file(), READ, WRITE), punch);
        } catch (IOException | RuntimeException e) {
            punch.close();
            throw e;
        }
    }

    @Override
    public BlockFile openReadOnly(String name) throws IOException {
        Path file = look(name);
        StorageLock.checkNotHeld(file.toRealPath());
        return new ChannelFile(name, FileChannel.open(file, READ), null);
    }

    @Override
    public BlockFile openSource(String name) throws IOException {
        HolePunch.Opener opener = holes;
        if (opener == null) {
            return openReadOnly(name);
        }
        Path file = look(name);
        StorageLock.checkNotHeld(file.toRealPath());
        HolePunch source = opener.openReadOnly(file);
        try {
            return new ChannelFile(name, FileChannel.open(source.file(), READ), source);
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    @Override
    public FileInfo info(String name) throws IOException {
        Path file = look(name);
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new FileInfo(
                attributes.size(),
                allocatedBytes.of(file),
                attributes.lastModifiedTime().to(TimeUnit.SECONDS));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Path source = root.inside(from);
        Path target = root.inside(to);
        makeDirectories(Root.parent(target));
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            unsynced.changed(Root.parent(source));
            unsynced.changed(Root.parent(target));
        }
    }

    /** A file server that has done it, and whose answer was lost, says that the name exists when it is asked again. */
    @Override
    public void link(String file, String name) throws IOException {
        Path source = root.inside(file);
        Path target = root.inside(name);
        makeDirectories(Root.parent(target));
        try {
            Files.createLink(target, source);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isSameFile(source, target)) {
                throw e;
            }
        } finally {
            unsynced.changed(Root.parent(target));
        }
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        Path directory = root.inside(name);
        makeDirectories(Root.parent(directory));
        try {
            Files.createDirectory(directory);
        } finally {
            unsynced.changed(Root.parent(directory));
        }
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        Path directory = root.inside(name);
        try {
            Files.deleteIfExists(directory);
        } catch (DirectoryNotEmptyException e) {
            // As promised; the caller looks whether it is gone.
        } finally {
            unsynced.changed(Root.parent(directory));
        }
    }

    @Override
    public List<String> directories(String directory) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(
                directory.isEmpty() ? root.path() : root.inside(directory),
                path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))) {
            found.forEach(path -> names.add(root.path().relativize(path).toString()));
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        Collections.sort(names);
        return names;
    }

    /** Leaves a directory alone: it is not a file, so there is no file of this name. */
    @Override
    public void delete(String name) throws IOException {
        Path file = root.inside(name);
        if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.deleteIfExists(file);
        } finally {
            unsynced.changed(Root.parent(file));
        }
    }

    /** Syncs the directories in which names changed, and once each that this storage has met for the first time. */
    @Override
    public void syncNames() throws IOException {
        unsynced.sync();
    }

    @Override
    public Space space() throws IOException {
        FileStore fileSystem = Files.getFileStore(root.path());
        return new Space(fileSystem.getTotalSpace(), fileSystem.getUsableSpace());
    }

    /** Works between hosts that share the directory by NFS too, as far as the server keeps POSIX locks. */
    @Override
    public Closeable lock(String name) throws IOException {
        Path file = root.inside(name);
        makeDirectories(Root.parent(file));
        try {
            return StorageLock.take(file);
        } finally {
            unsynced.changed(Root.parent(file));
        }
    }

    @Override
    public String resolve(String from, String reference) throws IOException {
        return root.resolve(from, reference);
    }

    /** Returns the path of a file that is only looked at. */
    private Path look(String name) {
        Path file = root.anywhere(name);
        if (Root.isInside(name)) {
            unsynced.see(Root.parent(file));
        }
        return file;
    }

    private void makeDirectories(Path directory) throws IOException {
        if (directory.startsWith(root.path().resolve(EPOCHS)) && !directory.endsWith(EPOCHS)) {
            return;
        }
        if (Files.isDirectory(directory)) {
            return;
        }
        makeDirectories(Root.parent(directory));
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

    private static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, READ)) {
            channel.force(true);
        }
    }
}
