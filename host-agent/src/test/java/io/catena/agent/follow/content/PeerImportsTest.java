package io.catena.agent.follow.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.ContentOrigin;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Disks that other hosts fill, and forget. */
class PeerImportsTest {
    private static final VdiSpec SPEC = new VdiSpec(1 << 20, "disk", "", null, false);

    private final List<String> seen = new ArrayList<>();
    private final StorageRepository repository = (StorageRepository) Proxy.newProxyInstance(
            StorageRepository.class.getClassLoader(),
            new Class<?>[] {StorageRepository.class},
            (proxy, method, arguments) -> new Recorded());
    private long nowNanos;
    private final PeerImports imports = new PeerImports(() -> nowNanos);

    private final class Recorded implements VdiImport {
        @Override
        public void write(long offset, ByteBuffer source) {
            seen.add("write " + offset + "+" + source.remaining());
        }

        @Override
        public void zero(long offset, long lengthBytes) {
            seen.add("zero " + offset + "+" + lengthBytes);
        }

        @Override
        public Vdi commit() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            seen.add("close");
        }
    }

    private UUID begin() {
        return imports.begin("b", repository, SPEC, ContentOrigin.UNKNOWN);
    }

    @Test
    void whatIsAskedIsDoneForWhoBegan() {
        UUID id = begin();
        imports.write("b", id, 512, new byte[1024]);
        imports.zero("b", id, 4096, 8192);
        assertThatThrownBy(() -> imports.write("c", id, 0, new byte[512])).isInstanceOf(SrException.class);
        imports.end("c", id);
        imports.end("b", id);
        imports.end("b", id);
        assertThat(seen).containsExactly("write 512+1024", "zero 4096+8192", "close");
        assertThatThrownBy(() -> imports.zero("b", id, 0, 512)).hasMessageContaining("not being filled any more");
    }

    @Test
    void whatIsForgottenIsGivenUp() {
        UUID forgotten = begin();
        nowNanos += Duration.ofMinutes(2).toNanos();
        UUID used = begin();
        nowNanos += Duration.ofMinutes(2).toNanos();
        begin();
        assertThat(seen).containsExactly("close");
        assertThatThrownBy(() -> imports.zero("b", forgotten, 0, 512)).isInstanceOf(SrException.class);
        imports.zero("b", used, 0, 512);
        imports.endAll();
        assertThat(seen).containsExactly("close", "zero 0+512", "close", "close");
    }

    @Test
    void thereAreOnlySoManyAtATime() {
        for (int i = 0; i < 16; i++) {
            begin();
        }
        assertThatThrownBy(this::begin).hasMessageContaining("16 disks");
    }
}
