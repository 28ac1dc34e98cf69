package io.catena.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is particular to real files: names, and locks between processes. The rest is in the contracts. */
class FileStorageTest {
    @TempDir
    private Path directory;

    private Path root;
    private FileStorage storage;

    @BeforeEach
    void createRoot() throws IOException {
        root = Files.createDirectory(directory.resolve("sr"));
        storage = new FileStorage(root);
        Files.write(root.resolve("base"), new byte[] {1});
        Files.createDirectory(directory.resolve("other"));
        Files.write(directory.resolve("other/base"), new byte[] {2});
    }

    @Test
    void aLinkedRootGivesTheSameNames() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), root);
        FileStorage linked = new FileStorage(link);
        assertThat(linked.resolve("child", root.toRealPath() + "/base")).isEqualTo("base");
        assertThat(linked.resolve("child", link + "/base")).isEqualTo("base");
        assertThat(linked.resolve("child", "../sr/base")).isEqualTo("base");
        assertThat(linked.list("")).containsExactly("base");
    }

    @Test
    void aReferenceIsTakenLiterallyWhateverLiesOnItsWay() throws IOException {
        Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
        Files.createSymbolicLink(root.resolve("away"), directory.resolve("other"));
        assertThat(storage.resolve("child", "loop/beyond")).isEqualTo("loop/beyond");
        assertThat(storage.resolve("child", "base/beyond")).isEqualTo("base/beyond");
        assertThat(storage.resolve("child", "away/base")).isEqualTo("away/base");
    }

    @Test
    void theRootIsMadeWithTheFirstFile() throws IOException {
        FileStorage fresh = new FileStorage(directory.resolve("new/sr"));
        assertThat(fresh.list("")).isEmpty();
        fresh.create("vdi/a").close();
        fresh.syncNames();
        assertThat(fresh.list("vdi")).containsExactly("vdi/a");
    }

    @Test
    void onlyTheNamesOfDirectoriesThatAreNewAreSyncedWithThoseInThem() throws IOException {
        List<String> synced = new ArrayList<>();
        Storage watched = new FileStorage(root, below -> watched(new JavaFiles(below), synced), List.of());
        watched.create("a/b/one").close();
        watched.syncNames();
        assertThat(synced).containsExactly("", "a", "a/b");

        synced.clear();
        watched.create("a/b/two").close();
        watched.syncNames();
        assertThat(synced).containsExactly("a/b");

        synced.clear();
        watched.create("a/c/three").close();
        watched.syncNames();
        assertThat(synced).containsExactly("a", "a/c");
    }

    @Test
    void theNameOfADirectoryThatSomebodyElseMadeMeanwhileIsSyncedToo() throws IOException {
        List<String> synced = new ArrayList<>();
        Storage watched = new FileStorage(root, below -> watched(new JavaFiles(below), synced), List.of());
        watched.create("a/one").close();
        watched.syncNames();
        Files.createDirectory(root.resolve("a/b"));

        synced.clear();
        watched.create("a/b/two").close();
        watched.syncNames();
        assertThat(synced).containsExactly("a", "a/b");
    }

    private static ConfinedFiles watched(ConfinedFiles files, List<String> synced) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            if (method.getName().equals("syncDirectory")) {
                synced.add((String) arguments[0]);
            }
            try {
                return method.invoke(files, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        Class<?>[] types = {ConfinedFiles.class};
        return (ConfinedFiles) Proxy.newProxyInstance(ConfinedFiles.class.getClassLoader(), types, handler);
    }

    @Test
    void anotherProcessFindsTheStorageLockedAlsoAfterASecondTryInThisOne() throws Exception {
        try (Closeable held = storage.lock(".catena/lock")) {
            assertThat(held).isNotNull();
            assertThatThrownBy(() -> new FileStorage(root).lock(".catena/lock"))
                    .isInstanceOf(StorageLockedException.class);
            assertThat(lockInAnotherProcess())
                    .contains("StorageLockedException")
                    .contains(root.toString())
                    .contains("another agent");
        }
        assertThat(lockInAnotherProcess()).isEqualTo("locked");
    }

    private String lockInAnotherProcess() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        LockingProcess.class.getName(),
                        root.toString())
                .redirectErrorStream(true)
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        } finally {
            process.destroyForcibly();
        }
    }

    /** Tries to take the lock of the storage whose root is its argument, and says what came of it. */
    static final class LockingProcess {
        private LockingProcess() {}

        public static void main(String[] arguments) throws IOException {
            try (Closeable held = new FileStorage(Path.of(arguments[0])).lock(".catena/lock")) {
                System.out.println(held == null ? "" : "locked");
            }
        }
    }
}
