package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that cannot be closed in order leaves no descriptors behind: an agent has only so many. */
class FailedCloseTest {
    private static final UUID ID = new UUID(1, 2);

    @TempDir
    Path directory;

    private final AtomicBoolean fails = new AtomicBoolean();

    @Test
    void nothingStaysOpenIfTheLastSyncFails() throws IOException {
        FileStorage storage = new FileStorage(directory);
        Files.createDirectory(directory.resolve("redo"));
        new VhdCreator(storage).dynamic("d.vhd", 4 << 20, ID, 0);
        RedoLog redo = RedoLog.open(storage, "redo", new RedoLog.Owner(new UUID(3, 3), new UUID(4, 4)), ID);
        BlockFile file = failingSync(storage.open("d.vhd"));
        SparseLayer layer = SparseLayer.openWritable(file, VhdHeaders.read(file), redo);
        layer.write(0, ByteBuffer.allocate(4096));
        fails.set(true);

        assertThatThrownBy(layer::close).isInstanceOf(IOException.class).hasMessage("sync failed");

        assertThat(openHere()).isEmpty();
        assertThat(storage.exists("redo/" + ID + ".0"))
                .as("the log stays for the next")
                .isTrue();
    }

    /** The system may have dropped what it could not write: the next sync would succeed without it. */
    @Test
    void afterASyncOfAFlatDiskFailedNoFlushSucceedsAndClosingTells() throws IOException {
        FileStorage storage = new FileStorage(directory);
        FlatLayer layer = new FlatLayer(failingSync(storage.create("d.raw")), 1 << 20);
        layer.write(0, ByteBuffer.allocate(4096));
        fails.set(true);
        assertThatThrownBy(layer::flush).isInstanceOf(IOException.class);

        fails.set(false);
        assertThatThrownBy(layer::flush).isInstanceOf(IOException.class).hasMessageContaining("d.raw");
        assertThatThrownBy(layer.grown(2 << 20)::flush).isInstanceOf(IOException.class);
        layer.complete();
        assertThatThrownBy(layer::close).isInstanceOf(IOException.class);

        assertThat(openHere()).isEmpty();
    }

    @Test
    void aFlatDiskIsNotClosedInOrderIfItCouldNotBeMadeComplete() throws IOException {
        FileStorage storage = new FileStorage(directory);
        FlatLayer layer = new FlatLayer(failingSync(storage.create("d.raw")), 1 << 20);
        layer.write(0, ByteBuffer.allocate(4096));
        fails.set(true);
        layer.complete();
        fails.set(false);

        assertThatThrownBy(layer::close).isInstanceOf(IOException.class);

        assertThat(openHere()).isEmpty();
    }

    private List<Path> openHere() throws IOException {
        Path real = directory.toRealPath();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors
                    .map(FailedCloseTest::target)
                    .filter(target -> target.startsWith(real))
                    .toList();
        }
    }

    private static Path target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor);
        } catch (NoSuchFileException e) {
            // The one that the list itself was read by.
            return descriptor;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private BlockFile failingSync(BlockFile file) {
        return (BlockFile) Proxy.newProxyInstance(
                BlockFile.class.getClassLoader(), new Class<?>[] {BlockFile.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("sync") && fails.get()) {
                        throw new IOException("sync failed");
                    }
                    try {
                        return method.invoke(file, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
