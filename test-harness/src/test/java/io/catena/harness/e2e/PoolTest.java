package io.catena.harness.e2e;

import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Two agents that have one SR attached at the same time: {@link #a} has it, {@link #b} follows. */
abstract class PoolTest {
    static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir(cleanup = CleanupMode.ALWAYS)
    Path directory;

    PoolHost a;
    PoolHost b;
    Path path;
    String sr;

    @BeforeEach
    void attachOnBoth() throws IOException {
        path = directory.resolve("sr");
        TestCertificates certificates = new TestCertificates(directory.resolve("pki"));
        a = PoolHost.start(Files.createDirectory(directory.resolve("a")), certificates, "hosta", List.of("hostb"));
        b = PoolHost.start(Files.createDirectory(directory.resolve("b")), certificates, "hostb", List.of("hosta"));
        sr = a.agent().createSr("pool", path);
        a.agent().detachSr(sr);
        a.agent().process().cli("sr", "share", path.toString(), "--coordination", "files");
        a.agent().process().cli("sr", "attach", path.toString());
        b.agent().process().cli("sr", "attach", path.toString());
    }

    @AfterEach
    void endAgents() throws IOException {
        try {
            if (a != null) {
                a.close();
            }
        } finally {
            if (b != null) {
                b.close();
            }
        }
    }
}
