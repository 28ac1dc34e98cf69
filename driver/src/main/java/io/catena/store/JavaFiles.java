package io.catena.store;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * {@link ConfinedFiles} by the JDK alone: each part of a name is looked up in the open directory before it.
 *
 * <p>Two gaps are left, which only native calls close: a name that is changed between two calls can still be looked at where
 * it leads outside, and a FIFO put there between them can make the caller wait. It tells no allocated bytes, but sizes.
 */
final class JavaFiles implements ConfinedFiles {
    private static final String ATTRIBUTES = "unix:dev,ino,size,lastModifiedTime,ctime,nlink,uid,mode";

    private final Path root;

    JavaFiles(Path root) {
        this.root = root;
    }

    @Override
    public void list(String directory, Found found) throws IOException {
        try (SecureDirectoryStream<Path> files = directory(directory)) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                Optional<FileStat> stat =
                        found.isWanted(name) ? read(path(directory).resolve(name)) : Optional.empty();
                if (stat.isPresent()) {
                    found.take(name, stat.get());
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    @Override
    public Optional<FileStat> stat(String name) throws IOException {
        try (SecureDirectoryStream<Path> parent = directory(parentOf(name))) {
            Objects.requireNonNull(parent);
            return read(path(name));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private Path path(String name) {
        return name.isEmpty() ? root : root.resolve(name);
    }

    private static Optional<FileStat> read(Path path) throws IOException {
        try {
            Map<String, Object> found = Files.readAttributes(path, ATTRIBUTES, NOFOLLOW_LINKS);
            return Optional.of(new FileStat(
                    found.get("dev") + ":" + found.get("ino"),
                    String.valueOf(found.get("ino")),
                    number(found, "size"),
                    number(found, "size"),
                    nanos(found, "lastModifiedTime"),
                    nanos(found, "ctime"),
                    (int) number(found, "nlink"),
                    (int) number(found, "uid"),
                    (int) number(found, "mode")));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static long number(Map<String, Object> attributes, String name) {
        return Long.parseLong(String.valueOf(attributes.get(name)));
    }

    private static long nanos(Map<String, Object> attributes, String name) throws IOException {
        if (attributes.get(name) instanceof FileTime known) {
            return known.to(TimeUnit.NANOSECONDS);
        }
        throw new IOException("the file system tells no times of its files");
    }

    @Override
    public OpenFile open(String name, Access access) throws IOException {
        try (SecureDirectoryStream<Path> parent = directory(parentOf(name))) {
            return access == Access.CREATE
                    ? opened(name, channel(parent, name, CREATE_NEW, READ, WRITE, NOFOLLOW_LINKS))
                    : openExisting(parent, name, access);
        }
    }

    private OpenFile openExisting(SecureDirectoryStream<Path> parent, String name, Access access) throws IOException {
        FileStat before = file(name);
        FileChannel channel = access == Access.WRITE
                ? channel(parent, name, READ, WRITE, NOFOLLOW_LINKS)
                : channel(parent, name, READ, NOFOLLOW_LINKS);
        OpenFile open = opened(name, channel);
        if (!open.stat().identity().equals(before.identity())) {
            open.close();
            throw new FileSystemException(name, null, "is replaced at this moment; try again");
        }
        return open;
    }

    private OpenFile opened(String name, FileChannel channel) throws IOException {
        try {
            return new JavaOpenFile(channel, file(name));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private FileStat file(String name) throws IOException {
        FileStat stat = read(path(name)).orElseThrow(() -> new NoSuchFileException(name));
        if (!stat.isFile()) {
            throw new FileSystemException(name, null, "is " + stat.kind() + ", which is not opened");
        }
        return stat;
    }

    private static FileChannel channel(SecureDirectoryStream<Path> parent, String name, OpenOption... options)
            throws IOException {
        SeekableByteChannel channel = parent.newByteChannel(lastPart(name), Set.of(options));
        if (channel instanceof FileChannel file) {
            return file;
        }
        channel.close();
        throw new IOException("this JDK opens no files in open directories");
    }

    @Override
    public void makeDirectory(String name) throws IOException {
        try (SecureDirectoryStream<Path> parent = directory(parentOf(name))) {
            Objects.requireNonNull(parent);
            Files.createDirectory(
                    path(name), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        }
    }

    @Override
    public void removeDirectory(String name) throws IOException {
        try (SecureDirectoryStream<Path> parent = directory(parentOf(name))) {
            parent.deleteDirectory(lastPart(name));
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        try (SecureDirectoryStream<Path> source = directory(parentOf(from));
                SecureDirectoryStream<Path> target = directory(parentOf(to))) {
            source.move(lastPart(from), target, lastPart(to));
        }
    }

    @Override
    public void link(String file, String name) throws IOException {
        file(file);
        try (SecureDirectoryStream<Path> source = directory(parentOf(file));
                SecureDirectoryStream<Path> target = directory(parentOf(name))) {
            Objects.requireNonNull(source);
            Objects.requireNonNull(target);
            Files.createLink(path(name), path(file));
        }
    }

    @Override
    public void delete(String name) throws IOException {
        try (SecureDirectoryStream<Path> parent = directory(parentOf(name))) {
            parent.deleteFile(lastPart(name));
        }
    }

    @Override
    public void syncDirectory(String name) throws IOException {
        try (SecureDirectoryStream<Path> checked = directory(name);
                FileChannel channel = FileChannel.open(path(name), READ)) {
            Objects.requireNonNull(checked);
            channel.force(true);
        }
    }

    @Override
    public int user() throws IOException {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    /** Opens a directory, part after part. The caller closes it. */
    @SuppressWarnings("StreamResourceLeak")
    private SecureDirectoryStream<Path> directory(String name) throws IOException {
        SecureDirectoryStream<Path> at = secure(Files.newDirectoryStream(root));
        for (String part : name.isEmpty() ? new String[0] : name.split("/", -1)) {
            try (SecureDirectoryStream<Path> above = at) {
                at = within(above, Path.of(part), name);
            }
        }
        return at;
    }

    private static SecureDirectoryStream<Path> within(SecureDirectoryStream<Path> above, Path part, String name)
            throws IOException {
        boolean isDirectory = above.getFileAttributeView(part, BasicFileAttributeView.class, NOFOLLOW_LINKS)
                .readAttributes()
                .isDirectory();
        if (!isDirectory) {
            throw new NotConfinedException(name, part + " is not a directory; links are not followed here");
        }
        return above.newDirectoryStream(part, NOFOLLOW_LINKS);
    }

    private static SecureDirectoryStream<Path> secure(DirectoryStream<Path> stream) throws IOException {
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        stream.close();
        throw new IOException("this JDK keeps no directories open on this file system");
    }

    private static String parentOf(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    private static Path lastPart(String name) {
        return Path.of(name.substring(name.lastIndexOf('/') + 1));
    }
}
