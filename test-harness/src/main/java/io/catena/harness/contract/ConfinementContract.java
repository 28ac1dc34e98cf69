package io.catena.harness.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.catena.harness.peer.Programs;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.NotConfinedException;
import io.catena.store.StorageLock;
import io.catena.store.StorageLockedException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.ThrowingSupplier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What keeps real storage inside its directory, whatever lies there; and what is particular to real locks. */
public abstract class ConfinementContract {
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    @TempDir
    private Path directory;

    private Path root;
    private Path outside;
    private FileStorage storage;

    /** Returns storage below a directory. */
    protected abstract FileStorage storage(Path root, List<Path> allowed);

    @BeforeEach
    void createRoot() throws IOException {
        root = Files.createDirectory(directory.resolve("sr"));
        outside = Files.createDirectory(directory.resolve("outside"));
        Files.writeString(outside.resolve("secret"), "secret");
        Files.createDirectory(outside.resolve("deep"));
        storage = storage(root, List.of());
        put("base", "base");
    }

    @Test
    void aLinkIsNeitherListedNorOpenedWhereverItLeads() throws IOException {
        for (String target :
                List.of("base", "../outside/secret", outside + "/secret", "missing", "link", "/etc/passwd")) {
            Path link = root.resolve("link");
            Files.createSymbolicLink(link, Path.of(target));
            assertThat(storage.list("")).containsExactly("base");
            assertThat(storage.stamps("")).containsOnlyKeys("base");
            refuses(() -> storage.open("link"), "a symbolic link");
            refuses(() -> storage.openReadOnly("link"), "a symbolic link");
            refuses(() -> storage.openSource("link"), "a symbolic link");
            refuses(() -> storage.info("link"), "a symbolic link");
            assertThatThrownBy(() -> storage.create("link")).isInstanceOf(FileSystemException.class);
            assertThatThrownBy(() -> storage.lock("link")).isInstanceOf(FileSystemException.class);
            Files.delete(link);
        }
        unchangedOutside();
    }

    @Test
    void aLinkIsReplacedAndDeletedItselfNotWhatItLeadsTo() throws IOException {
        Files.createSymbolicLink(root.resolve("link"), outside.resolve("secret"));
        storage.rename("base", "link");
        assertThat(Files.isRegularFile(root.resolve("link"), LinkOption.NOFOLLOW_LINKS))
                .isTrue();
        Files.createSymbolicLink(root.resolve("other"), outside.resolve("secret"));
        storage.delete("other");
        assertThat(storage.list("")).containsExactly("link");
        unchangedOutside();
    }

    @Test
    void nothingIsReachedThroughADirectoryThatIsALink() throws IOException {
        Files.createSymbolicLink(root.resolve("away"), outside);
        Files.createSymbolicLink(root.resolve("here"), Path.of("."));
        for (String away : List.of("away/", "away/deep/", "here/")) {
            refuses(() -> storage.open(away + "secret"));
            refuses(() -> storage.openReadOnly(away + "secret"));
            refuses(() -> storage.create(away + "new"));
            refuses(() -> storage.create(away + "new/er"));
            refuses(() -> storage.rename("base", away + "secret"));
            refuses(() -> storage.rename(away + "secret", "base"));
            refuses(() -> storage.delete(away + "secret"));
            refuses(() -> storage.exists(away + "secret"));
            refuses(() -> storage.lock(away + "lock"));
        }
        refuses(() -> storage.list("away"));
        refuses(() -> storage.stamps("away"));
        unchangedOutside();
        assertThat(storage.list("")).containsExactly("base");
    }

    @Test
    void nothingIsWaitedForAndNothingOpenedButFiles() throws Exception {
        Programs.run(DEADLINE, "mkfifo", root.resolve("fifo").toString());
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(root.resolve("socket")));
            for (String name : List.of("fifo", "socket")) {
                within(() -> {
                    refuses(() -> storage.open(name), "which is not opened");
                    refuses(() -> storage.openReadOnly(name), "which is not opened");
                    refuses(() -> storage.openSource(name), "which is not opened");
                    refuses(() -> storage.info(name), "expected a regular file");
                    refuses(() -> storage.lock(name), "which is not opened");
                    refuses(() -> storage.list(name));
                    refuses(() -> storage.openReadOnly(name + "/x"));
                    return name;
                });
            }
            assertThat(within(() -> storage.list(""))).containsExactly("base");
        }
    }

    @Test
    void aFileWithASecondNameIsReadButNotWritten() throws IOException {
        Files.createLink(root.resolve("alias"), outside.resolve("secret"));
        refuses(() -> storage.open("alias"), "has 2 names");
        storage.openReadOnly("alias").close();
        Files.createLink(root.resolve("twin"), root.resolve("base"));
        refuses(() -> storage.open("base"), "has 2 names");
        Files.delete(root.resolve("twin"));
        storage.open("base").close();
        unchangedOutside();
    }

    @Test
    void aFileOutsideIsReadOnlyWhereTheAdminAllowsIt() throws IOException {
        refuses(() -> storage.openReadOnly("../outside/secret"), "--allow-parent");
        refuses(() -> storage.openReadOnly(outside + "/secret"), "--allow-parent");
        refuses(() -> storage.exists("../outside/secret"));
        refuses(() -> storage.info("/etc/passwd"));
        FileStorage allowing = storage(root, List.of(outside));
        for (String name : List.of("../outside/secret", outside + "/secret")) {
            assertThat(allowing.exists(name)).isTrue();
            assertThat(text(allowing, name)).isEqualTo("secret");
        }
        Files.createSymbolicLink(outside.resolve("link"), Path.of("/etc/passwd"));
        refuses(() -> allowing.openReadOnly(outside + "/link"), "a symbolic link");
        refuses(() -> allowing.openReadOnly("/etc/passwd"), "--allow-parent");
        assertThatThrownBy(() -> allowing.open("../outside/secret")).isInstanceOf(IllegalArgumentException.class);
    }

    /** Everybody who has the file open for writing shares one description, whose lock nobody else gets. */
    @Test
    void aFileIsWrittenByOneRepositoryAtATime() throws IOException {
        FileStorage other = storage(root, List.of());
        try (BlockFile file = storage.open("base")) {
            assertThatThrownBy(() -> other.open("base"))
                    .isInstanceOf(StorageLockedException.class)
                    .hasMessageContaining("base is in use");
            try (BlockFile again = storage.open("base")) {
                again.write(0, ByteBuffer.wrap("BASE".getBytes(UTF_8)));
            }
            assertThat(text(other, "base")).isEqualTo("BASE");
            storage.rename("base", "renamed");
            assertThatThrownBy(() -> other.open("renamed")).isInstanceOf(StorageLockedException.class);
            file.sync();
        }
        other.open("renamed").close();
        try (BlockFile made = storage.create("made")) {
            assertThatThrownBy(() -> other.open("made")).isInstanceOf(StorageLockedException.class);
            made.sync();
        }
    }

    /** The lock must not be lost by the closing of another descriptor of the same file. */
    @Test
    void aReaderThatComesAndGoesLeavesTheLock() throws Exception {
        try (BlockFile file = storage.open("base")) {
            storage.openReadOnly("base").close();
            storage.open("base").close();
            assertThatThrownBy(() -> storage(root, List.of()).open("base")).isInstanceOf(StorageLockedException.class);
            file.sync();
        }
    }

    @Test
    void theSameDirectoryByAnotherPathIsTheSameDirectory() throws IOException {
        Path alias = Files.createSymbolicLink(directory.resolve("alias"), root);
        FileStorage other = storage(alias, List.of());
        try (StorageLock lock = storage.lock(".catena/lock")) {
            assertThatThrownBy(() -> other.lock(".catena/lock"))
                    .isInstanceOf(StorageLockedException.class)
                    .hasMessageContaining("in use by this process already");
            assertThatThrownBy(() -> other.openReadOnly(".catena/lock")).isInstanceOf(StorageLockedException.class);
            lock.check();
            assertThatThrownBy(() -> storage.lock(".catena/lock")).isInstanceOf(StorageLockedException.class);
        }
        other.lock(".catena/lock").close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"removed", "replaced", "link", "directory"})
    void aLockWhoseFileIsNotThereAnyMoreIsLost(String how) throws IOException {
        Path file = root.resolve(".catena/lock");
        try (StorageLock lock = storage.lock(".catena/lock")) {
            boolean[] told = new boolean[2];
            lock.onLost(() -> told[0] = true);
            lock.check();
            assertThat(told[0]).isFalse();
            if (how.equals("directory")) {
                Files.move(root.resolve(".catena"), root.resolve("moved"));
                Files.createSymbolicLink(root.resolve(".catena"), Path.of("moved"));
            } else {
                Files.move(file, root.resolve("moved"));
            }
            switch (how) {
                case "replaced" -> Files.createFile(file);
                case "link" -> Files.createSymbolicLink(file, Path.of("../moved"));
                default -> {}
            }
            assertThatThrownBy(lock::check)
                    .hasMessageContaining(".catena/lock is not the file any more that this agent locked")
                    .hasMessageContaining("attach it again");
            assertThat(told[0]).isTrue();
            lock.onLost(() -> told[1] = true);
            assertThat(told[1]).isTrue();
            Files.deleteIfExists(file);
            assertThatThrownBy(lock::check).hasMessageContaining("not the file any more");
        }
    }

    @Test
    void aDirectoryThatIsNotMountedTellsNothingOfTheLock() throws IOException {
        try (StorageLock lock = storage.lock(".catena/lock")) {
            Files.move(root, directory.resolve("away"));
            assertThatThrownBy(lock::check).hasMessageContaining("is gone");
            Files.createDirectory(root);
            assertThatThrownBy(lock::check).hasMessageContaining("mount its file system again");
            Files.delete(root);
            Files.move(directory.resolve("away"), root);
            lock.check();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwxrwxr-x", "rwxr-xrwx"})
    void aDirectoryThatOthersMayChangeIsNotLocked(String mode) throws IOException {
        Path own = Files.createDirectory(root.resolve(".catena"));
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString(mode));
        assertThatThrownBy(() -> storage.lock(".catena/lock"))
                .hasMessageContaining("expected user")
                .hasMessageContaining("chmod go-w");
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxr-xr-x"));
        storage.lock(".catena/lock").close();
        if (Files.getAttribute(root, "unix:uid").equals(0)) {
            Files.setAttribute(own, "unix:uid", 65534);
            assertThatThrownBy(() -> storage.lock(".catena/lock")).hasMessageContaining("belongs to user 65534");
            Files.setAttribute(own, "unix:uid", 0);
        }
    }

    private void put(String name, String text) throws IOException {
        try (BlockFile file = storage.create(name)) {
            file.write(0, ByteBuffer.wrap(text.getBytes(UTF_8)));
        }
    }

    private static String text(FileStorage storage, String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.readFully(0, bytes);
            return UTF_8.decode(bytes.flip()).toString();
        }
    }

    private void unchangedOutside() throws IOException {
        assertThat(Files.readString(outside.resolve("secret"))).isEqualTo("secret");
        try (Stream<Path> found = Files.walk(outside)) {
            assertThat(found).containsExactlyInAnyOrder(outside, outside.resolve("secret"), outside.resolve("deep"));
        }
    }

    private static void refuses(ThrowingSupplier<?> call, String reason) {
        assertThatThrownBy(call::get).isInstanceOf(FileSystemException.class).hasMessageContaining(reason);
    }

    private static void refuses(ThrowingRunnable call) {
        assertThatThrownBy(call::run).isInstanceOf(NotConfinedException.class);
    }

    private static <T> T within(ThrowingSupplier<T> call) {
        return assertTimeoutPreemptively(DEADLINE, call);
    }

    @FunctionalInterface
    private interface ThrowingRunnable {
        void run() throws IOException;
    }
}
