package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import io.catena.store.ConfinedFiles;
import io.catena.store.FileStat;
import io.catena.store.FileStorage;
import io.catena.store.NotConfinedException;
import io.catena.store.OpenFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@link ConfinedFiles} by system calls: each part of a name is opened in the directory before it, without following a link
 * and without opening what it stands for ({@code O_PATH}). Only what proved to be a regular file is then opened, by way of
 * that very descriptor; so no name can change in between, and no FIFO, device or socket is ever opened. The first part is looked
 * up by its path: links that lead to the root are followed anyway, and the root, which may be mounted anew, is found anew.
 *
 * <p>{@code openat2(2)} with {@code RESOLVE_BENEATH} would do the same in one call, but is not there before Linux 5.6, and so
 * not on XenServer's hosts.
 *
 * <p>Source: {@code openat(2)}, {@code proc_pid_fd(5)}.
 */
public final class LinuxFiles implements ConfinedFiles {
    private static final int AT_REMOVEDIR = 0x200;
    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;

    private final Path root;

    public LinuxFiles(Path root) {
        this.root = root;
    }

    /** Returns storage below a directory, with all that this host can do. */
    public static FileStorage storage(Path directory) {
        return storage(directory, List.of());
    }

    /** As {@link #storage(Path)}, with other directories whose files can be read, as parents of disks. */
    public static FileStorage storage(Path directory, List<Path> allowed) {
        return new FileStorage(directory, LinuxFiles::new, allowed);
    }

    @Override
    public void list(String directory, Found found) throws IOException {
        try (Descriptor opened = directory(directory);
                DirectoryStream<Path> names = Files.newDirectoryStream(opened.path())) {
            for (Path path : names) {
                String name = String.valueOf(path.getFileName());
                Optional<FileStat> stat = found.isWanted(name) ? Statx.of(opened.number(), name) : Optional.empty();
                if (stat.isPresent()) {
                    found.take(name, stat.get());
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        } catch (LastErrorException e) {
            throw failure(directory, e);
        }
    }

    @Override
    public Optional<FileStat> stat(String name) throws IOException {
        try (Entry entry = entry(name)) {
            return Statx.of(entry.directory(), entry.path());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (LastErrorException e) {
            throw failure(name, e);
        }
    }

    @Override
    public OpenFile open(String name, Access access) throws IOException {
        try (Entry entry = entry(name);
                Descriptor file = access == Access.CREATE ? create(entry) : find(entry)) {
            return LinuxOpenFile.open(name, file, access);
        } catch (LastErrorException e) {
            throw failure(name, e);
        }
    }

    private static Descriptor create(Entry entry) {
        return new Descriptor(Libc.openat(
                entry.directory(),
                Libc.path(entry.path()),
                Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL | Libc.O_CLOEXEC,
                FILE_MODE));
    }

    private static Descriptor find(Entry entry) {
        return new Descriptor(Libc.openat(
                entry.directory(), Libc.path(entry.path()), Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0));
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        try (Entry entry = entry(name)) {
            Libc.mkdirat(entry.directory(), Libc.path(entry.path()), DIRECTORY_MODE);
        } catch (LastErrorException e) {
            throw failure(name, e);
        }
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        try (Entry entry = entry(name)) {
            Libc.unlinkat(entry.directory(), Libc.path(entry.path()), AT_REMOVEDIR);
        } catch (LastErrorException e) {
            throw failure(name, e);
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        try (Entry source = entry(from);
                Entry target = entry(to)) {
            Libc.renameat(source.directory(), Libc.path(source.path()), target.directory(), Libc.path(target.path()));
        } catch (LastErrorException e) {
            throw failure(from + " -> " + to, e);
        }
    }

    @Override
    public void link(String file, String name) throws IOException {
        try (Entry source = entry(file);
                Entry target = entry(name)) {
            Libc.linkat(source.directory(), Libc.path(source.path()), target.directory(), Libc.path(target.path()), 0);
        } catch (LastErrorException e) {
            throw failure(file + " -> " + name, e);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        try (Entry entry = entry(name)) {
            Libc.unlinkat(entry.directory(), Libc.path(entry.path()), 0);
        } catch (LastErrorException e) {
            throw failure(name, e);
        }
    }

    /** A descriptor by which a directory is only looked up cannot be synced. */
    @Override
    public void syncDirectory(String name) throws IOException {
        try (Descriptor found = directory(name);
                Descriptor opened = new Descriptor(Libc.openat(
                        found.number(), Libc.path("."), Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0))) {
            Libc.fsync(opened.number());
        } catch (LastErrorException e) {
            throw failure(name, e);
        }
    }

    @Override
    public int user() {
        return Libc.geteuid();
    }

    /**
     * Where something is looked up.
     *
     * @param opened the directory that holds it; null if {@code path} is absolute
     */
    private record Entry(@Nullable Descriptor opened, String path) implements Closeable {
        int directory() {
            return opened == null ? Libc.AT_FDCWD : opened.number();
        }

        @Override
        public void close() {
            if (opened != null) {
                opened.close();
            }
        }
    }

    private Entry entry(String name) throws IOException {
        int slash = name.lastIndexOf('/');
        return slash < 0
                ? new Entry(null, inRoot(name))
                : new Entry(directory(name.substring(0, slash)), name.substring(slash + 1));
    }

    private String inRoot(String part) {
        return root + "/" + (part.isEmpty() ? "." : part);
    }

    /** Looks a directory up, part after part. */
    private Descriptor directory(String name) throws IOException {
        String[] parts = name.split("/", -1);
        Descriptor at = within(Libc.AT_FDCWD, inRoot(parts[0]), name);
        for (int i = 1; i < parts.length; i++) {
            try (Descriptor above = at) {
                at = within(above.number(), parts[i], name);
            }
        }
        return at;
    }

    private static Descriptor within(int above, String part, String name) throws IOException {
        try {
            return new Descriptor(Libc.openat(
                    above, Libc.path(part), Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0));
        } catch (LastErrorException e) {
            throw failure(name, e);
        }
    }

    private static IOException failure(String name, LastErrorException e) {
        return switch (e.getErrorCode()) {
            case Libc.ENOENT -> new NoSuchFileException(name);
            case Libc.EEXIST -> new FileAlreadyExistsException(name);
            case Libc.ENOTEMPTY -> new DirectoryNotEmptyException(name);
            case Libc.EACCES -> new AccessDeniedException(name);
            case Libc.ENOTDIR, Libc.ELOOP ->
                new NotConfinedException(name, "goes through what is not a directory; links are not followed here");
            default -> new FileSystemException(name, null, Libc.strerror(e.getErrorCode()));
        };
    }
}
