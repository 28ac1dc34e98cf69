package io.catena.agent.host;

import io.catena.api.PeerHost;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The directories in which SRs are made, looked for and opened, whether or not they are attached. Remembers nothing itself.
 * Safe for use by many threads.
 */
final class SrDirectories {
    private static final Logger LOG = Logger.getLogger(SrDirectories.class.getName());

    private final SrOpener opener;

    SrDirectories(SrOpener opener) {
        this.opener = opener;
    }

    /** Returns the name under which a directory is remembered. */
    static Path normal(Path directory) {
        return directory.toAbsolutePath().normalize();
    }

    /** Makes an SR in a directory that is absent or empty; one that was absent is absent again if that fails. */
    AttachedSr create(Path path, SrId id, String name) throws IOException {
        boolean made = makeEmptyDirectory(path);
        try {
            return opener.create(path, id, name);
        } catch (IOException | SrException e) {
            if (made) {
                deleteIfEmpty(path, e);
            }
            throw e;
        }
    }

    /**
     * Opens the SR in a directory.
     *
     * @param expected what the directory must hold, or null for anything
     * @param adopt whether a directory of VHDs that is no SR becomes one
     */
    AttachedSr open(Path path, @Nullable SrId expected, boolean adopt) throws IOException {
        requireDirectory(path);
        AttachedSr sr;
        try {
            sr = opener.attach(path, expected, adopt);
        } catch (IOException e) {
            throw failed(SrError.SR_UNAVAILABLE, "The SR in " + path + " cannot be attached", e);
        }
        if (expected != null && !sr.id().equals(expected)) {
            SrId found = sr.id();
            sr.close();
            throw new SrException(SrError.SR_UNAVAILABLE, path + " holds SR " + found + ", expected SR " + expected);
        }
        return sr;
    }

    private static void requireDirectory(Path path) {
        if (!Files.isDirectory(path)) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " is not a directory")
                    .correction("Check the path, and that its file system is mounted.");
        }
    }

    SrProbe probe(Path directory) {
        Path path = normal(directory);
        if (!Files.exists(path)) {
            return new SrProbe(path.toString(), SrProbe.Kind.ABSENT, null, "", 0, false, false, List.of());
        }
        if (!Files.isDirectory(path)) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " is not a directory")
                    .correction("Give the directory of an SR.");
        }
        return opener.probe(path);
    }

    void allowSingleHost(Path directory) {
        Path path = normal(directory);
        try {
            opener.allowSingleHost(path);
        } catch (IOException e) {
            throw failed(SrError.IO_ERROR, "It cannot be remembered that only this host uses " + path, e);
        }
    }

    Path share(Path directory, String how) throws IOException {
        Path path = normal(directory);
        requireDirectory(path);
        opener.share(path, how);
        LOG.info(LogLine.of("sr-shared", "path", path, "how", how));
        return path;
    }

    List<PeerHost> peers(Path directory) {
        Path path = normal(directory);
        requireDirectory(path);
        try {
            return opener.peers(path);
        } catch (IOException e) {
            throw failed(SrError.IO_ERROR, "The hosts cannot be listed", e);
        }
    }

    void fenced(Path directory, String host) {
        Path path = normal(directory);
        requireDirectory(path);
        try {
            opener.fenced(path, host);
            LOG.warning(LogLine.of("host-fenced", "host", host, "path", directory));
        } catch (IOException e) {
            throw failed(SrError.IO_ERROR, "The host cannot be given up", e);
        }
    }

    private static SrException failed(SrError error, String what, IOException e) {
        return new SrException(error, what + ": " + e.getMessage(), e);
    }

    /** Returns whether the directory was made. What an SR that was destroyed leaves are directories without files. */
    private boolean makeEmptyDirectory(Path path) throws IOException {
        if (!Files.exists(path)) {
            Files.createDirectories(path);
            return true;
        }
        if (!Files.isDirectory(path)) {
            throw new SrException(SrError.SR_CREATE, path + " is not a directory");
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            if (entries.iterator().hasNext() && opener.probe(path).kind() != SrProbe.Kind.EMPTY) {
                throw new SrException(SrError.SR_CREATE, path + " is not empty")
                        .correction(
                                "Choose an absent or empty directory; an SR that exists is attached with: ",
                                Remedy.of(Verb.SR_ATTACH, path));
            }
        }
        return false;
    }

    private static void deleteIfEmpty(Path directory, Exception reason) {
        try {
            Files.delete(directory);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
