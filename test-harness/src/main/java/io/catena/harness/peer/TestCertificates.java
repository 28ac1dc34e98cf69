package io.catena.harness.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** An authority and those whom it certifies, as PEM files with the names that libnbd and qemu look for. */
public final class TestCertificates {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final Path directory;

    /** Makes the authority. */
    public TestCertificates(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
        openssl(
                "req",
                "-x509",
                "-subj",
                "/CN=Test authority",
                "-days",
                "2",
                "-keyout",
                "ca-key.pem",
                "-out",
                "ca-cert.pem");
    }

    public Path directory() {
        return directory;
    }

    public Path authority() {
        return directory.resolve("ca-cert.pem");
    }

    public Path certificate(String role) {
        return directory.resolve(role + "-cert.pem");
    }

    public Path key(String role) {
        return directory.resolve(role + "-key.pem");
    }

    /**
     * Certifies somebody.
     *
     * @param role what the files are called: {@code server} or {@code client}
     */
    public void certify(String role, String name) throws IOException {
        openssl("req", "-subj", "/CN=" + name, "-keyout", role + "-key.pem", "-out", role + ".csr");
        Files.writeString(
                directory.resolve(role + ".ext"),
                "subjectAltName=DNS:" + name + ",IP:127.0.0.1,IP:127.0.0.2\n",
                StandardCharsets.US_ASCII);
        run("openssl x509 -req -in " + role + ".csr -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile "
                + role + ".ext -out " + role + "-cert.pem");
    }

    private void openssl(String... arguments) throws IOException {
        StringBuilder line = new StringBuilder("openssl");
        for (String argument : arguments) {
            line.append(" '").append(argument).append('\'');
        }
        run(line + " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes");
    }

    private void run(String line) throws IOException {
        Programs.require("openssl");
        Programs.run(DEADLINE, "sh", "-c", "cd '" + directory + "' && " + line);
    }
}
