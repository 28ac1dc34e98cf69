package io.catena.agent.api;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The contract: {@code openapi.yaml}, as it lies in the program. */
final class OpenApi {
    private final String yaml;

    OpenApi() throws IOException {
        try (InputStream in = OpenApi.class.getResourceAsStream("openapi.yaml")) {
            if (in == null) {
                throw new IOException("openapi.yaml is missing in the program");
            }
            yaml = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    String yaml() {
        return yaml;
    }
}
