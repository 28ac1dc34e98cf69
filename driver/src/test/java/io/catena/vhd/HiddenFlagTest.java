package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.format.Footer;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HiddenFlagTest {
    private static final String NAME = "a.vhd";

    @TempDir
    private Path directory;

    private final List<String> changes = new ArrayList<>();

    @Test
    void bothFootersAreWrittenThenSynced() throws IOException {
        create();
        HiddenFlag.set(watched(), NAME, true);

        assertThat(changes).containsExactly("write", "write", "sync");
        assertThat(ChainFile.read(storage(), NAME).hidden()).isTrue();
        assertThat(headers().validCopy()).isTrue();
    }

    /** Who wrote them may not have come to sync them. */
    @Test
    void footersThatAreRightAreOnlySynced() throws IOException {
        create();
        HiddenFlag.set(storage(), NAME, true);
        HiddenFlag.set(watched(), NAME, true);

        assertThat(changes).containsExactly("sync");
    }

    @Test
    void footersThatDifferAreMended() throws IOException {
        create();
        HiddenFlag.set(storage(), NAME, true);
        try (BlockFile file = storage().open(NAME)) {
            file.write(0, headers().footer().withHidden(false).encode());
        }
        assertThat(headers().validCopy()).isFalse();
        HiddenFlag.set(watched(), NAME, true);

        assertThat(changes).containsExactly("write", "write", "sync");
        assertThat(headers().validCopy()).isTrue();
    }

    @Test
    void aFooterAtTheEndThatIsLostIsNotTakenForWritten() throws IOException {
        create();
        try (BlockFile file = storage().open(NAME)) {
            file.write(file.size() - Footer.SIZE, ByteBuffer.allocate(Footer.SIZE));
        }
        HiddenFlag.set(watched(), NAME, false);

        assertThat(changes).containsExactly("write", "sync");
    }

    private void create() throws IOException {
        new VhdCreator(storage()).dynamic(NAME, 8 << 20, new UUID(1, 1), 0);
    }

    private VhdHeaders headers() throws IOException {
        try (BlockFile file = storage().openReadOnly(NAME)) {
            return VhdHeaders.read(file);
        }
    }

    private Storage storage() {
        return new FileStorage(directory);
    }

    private Storage watched() {
        return watched(Storage.class, storage());
    }

    /** Notes what changes a file. */
    private <T> T watched(Class<T> type, T target) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (List.of("write", "sync").contains(method.getName())) {
                        changes.add(method.getName());
                    }
                    try {
                        Object answer = method.invoke(target, arguments);
                        return answer instanceof BlockFile file ? watched(BlockFile.class, file) : answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
