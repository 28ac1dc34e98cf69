package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.api.ApiServer;
import io.catena.harness.peer.Npm;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What Redocly, from which others make clients and documents, has to say of {@code openapi.yaml}. */
@Tag("slow")
class OpenApiLintTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Path INSTALLED = Path.of("target", "openapi-lint").toAbsolutePath();

    @BeforeAll
    static void install() throws IOException {
        Files.createDirectories(INSTALLED);
        copy(OpenApiLintTest.class, "lint/package.json");
        copy(OpenApiLintTest.class, "lint/redocly.yaml");
        copy(ApiServer.class, "openapi.yaml");
        Npm.install(INSTALLED, "@redocly/cli");
    }

    private static void copy(Class<?> beside, String name) throws IOException {
        Path file = INSTALLED.resolve(Objects.requireNonNull(Path.of(name).getFileName()));
        try (InputStream in = beside.getResourceAsStream(name)) {
            Files.write(file, Objects.requireNonNull(in, name).readAllBytes());
        }
    }

    @Test
    void theContractHasNoFaultsAndNoWarnings() throws IOException {
        JsonObject found = lint("openapi.yaml");

        assertThat(found.getAsJsonArray("problems")).isEmpty();
    }

    /** So that the test above does not pass because nothing is looked at. */
    @Test
    void aContractWithAFaultIsTold() throws IOException {
        String good = Files.readString(INSTALLED.resolve("openapi.yaml"));
        String bad = good.replaceFirst("operationId: getSr\n", "operationId: listSrs\n");
        Files.write(INSTALLED.resolve("bad.yaml"), bad.getBytes(StandardCharsets.UTF_8));

        assertThat(lint("bad.yaml").getAsJsonArray("problems").toString()).contains("operation-operationId-unique");
    }

    private static JsonObject lint(String file) throws IOException {
        Outcome outcome = Programs.tryRun(
                PATIENCE,
                "env",
                "REDOCLY_TELEMETRY=off",
                "REDOCLY_SUPPRESS_UPDATE_NOTICE=true",
                "node",
                INSTALLED.resolve("node_modules/@redocly/cli/bin/cli.js").toString(),
                "lint",
                "--format=json",
                "--config",
                INSTALLED.resolve("redocly.yaml").toString(),
                INSTALLED.resolve(file).toString());
        return outcome.json().getAsJsonObject();
    }
}
