package io.catena.agent.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@Tag("slow")
class CallThreadsTest {
    @TempDir
    Path directory;

    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    /** A guest uses the same channel. */
    @Test
    void aCallThatOutlastsItsServerDoesNotLoseItsFile() throws Exception {
        Path socket = directory.resolve("agent.sock");
        try (FileChannel file = FileChannel.open(
                directory.resolve("disk"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            Route slow = Route.post("work", "/v1/work", call -> work(file));
            ControlServer server = ControlServer.start(socket, List.of(slow));
            CompletableFuture<Void> call = CompletableFuture.runAsync(
                    () -> new ControlClient(socket, Duration.ofSeconds(30)).post("/v1/work", new JsonObject()));
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();

            assertThatThrownBy(server::close).hasMessageContaining("did not stop");

            assertThat(file.isOpen()).as("after the server was closed").isTrue();
            mayEnd.countDown();
            assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(file.isOpen()).as("after the call").isTrue();
            assertThat(call).isNotNull();
        }
    }

    private Object work(FileChannel file) {
        try {
            while (mayEnd.getCount() > 0) {
                file.write(ByteBuffer.allocate(512), 0);
                begun.countDown();
            }
        } catch (IOException e) {
            throw new IllegalStateException("the call lost its file", e);
        } finally {
            ended.countDown();
        }
        return Map.of();
    }
}
