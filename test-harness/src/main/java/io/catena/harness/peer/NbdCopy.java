package io.catena.harness.peer;

import io.catena.harness.peer.reference.ReferenceReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Timer;
import java.util.TimerTask;

/** {@code nbdcopy} of libnbd: reads whole exports. */
public final class NbdCopy {
    private NbdCopy() {}

    /**
     * Returns the SHA-256, in lower-case hex, of all bytes of an export.
     *
     * @param uri for instance {@code nbd+unix:///export?socket=/path}
     * @throws IOException if the export cannot be read whole before the deadline
     */
    public static String sha256(String uri, Duration deadline) throws IOException {
        Programs.require("nbdcopy");
        MessageDigest digest = ReferenceReader.newSha256();
        Path stderr = Files.createTempFile("catena-stderr", ".log");
        try {
            Process process = new ProcessBuilder("nbdcopy", "--", uri, "-")
                    .redirectError(stderr.toFile())
                    .start();
            copy(process, digest, deadline);
            if (process.exitValue() != 0) {
                throw new IOException("nbdcopy " + uri + " - failed or took more than " + deadline.toSeconds()
                        + " s: exit code " + process.exitValue() + ", " + Files.readString(stderr));
            }
        } finally {
            Files.delete(stderr);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Copies an export to a raw file. */
    public static void toFile(String uri, Path raw, Duration deadline) throws IOException {
        Programs.run(deadline, "nbdcopy", "--", uri, raw.toString());
    }

    /** Writes a raw file to an export, from its first byte on. */
    public static void fromFile(Path raw, String uri, Duration deadline) throws IOException {
        Programs.run(deadline, "nbdcopy", "--", raw.toString(), uri);
    }

    /** Reads until the program ends, which the deadline makes it do. */
    private static void copy(Process process, MessageDigest digest, Duration deadline) throws IOException {
        Timer deadlineTimer = new Timer("deadline of nbdcopy " + process.pid(), true);
        deadlineTimer.schedule(
                new TimerTask() {
                    @Override
                    public void run() {
                        // By handle: Process itself would close the stream that is being read.
                        process.toHandle().destroyForcibly();
                    }
                },
                deadline.toMillis());
        try (InputStream in = new DigestInputStream(process.getInputStream(), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
            if (!Programs.awaitEnd(process, deadline)) {
                Programs.killTree(process);
            }
        } finally {
            deadlineTimer.cancel();
        }
    }
}
