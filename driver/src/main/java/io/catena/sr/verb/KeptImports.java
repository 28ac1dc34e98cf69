package io.catena.sr.verb;

import io.catena.api.ContentOrigin;
import io.catena.api.KeptUpload;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiUpload;
import io.catena.log.LogLine;
import io.catena.sr.open.OpenSr;
import io.catena.sr.tree.Node;
import io.catena.sr.upload.KeptUploads;
import io.catena.stream.Uploads;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The uploads that an earlier agent began, or this one before it let go of the SR. What nobody goes on with is deleted some
 * minutes after the SR was attached.
 *
 * <p><b>Threads.</b> Safe for use by many threads; {@link #goOn} is to be called under the SR's tree lock.
 */
public final class KeptImports {
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Logger LOG = System.getLogger(KeptImports.class.getName());

    private final OpenSr sr;
    private final KeptUploads uploads;
    private final Imports imports;
    private final Runnable alarm;

    public KeptImports(OpenSr sr, KeptUploads uploads, Imports imports) {
        this.sr = sr;
        this.uploads = uploads;
        this.imports = imports;
        alarm = sr.environment
                .timer()
                .after(PATIENCE, () -> sr.environment.looks().ask(this::expire));
    }

    Optional<KeptUpload> find(VdiId vdi, String caller) throws IOException {
        return uploads.all(imports.files()).stream()
                .map(KeptUploads.Found::upload)
                .filter(upload ->
                        upload.vdi().equals(vdi) && upload.stream().caller().equals(caller))
                .findFirst();
    }

    /** Returns the files that somebody may go on with. */
    public Set<String> files() throws IOException {
        return uploads.files(imports.files());
    }

    VdiUpload rest(KeptUpload kept, ReadableByteChannel rest) throws IOException {
        try (ReadableByteChannel head = uploads.openHead(found(kept))) {
            return Uploads.goOn(kept.stream(), head, rest, kept.offsetBytes());
        }
    }

    /** A disk's file is not filled, whatever names it has and whatever a record says. */
    VdiImport goOn(KeptUpload kept, NewVdi vdi, ContentOrigin origin) throws IOException {
        KeptUploads.Found found = found(kept);
        for (Node node : sr.tree.now().nodes()) {
            if (isSame(found, node)) {
                throw VdiContents.gone(kept);
            }
        }
        return imports.goOn(vdi, origin, found);
    }

    private boolean isSame(KeptUploads.Found found, Node node) throws IOException {
        try {
            return sr.storage.info(node.name()).identity().equals(found.record().identity());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private KeptUploads.Found found(KeptUpload kept) throws IOException {
        return uploads.all(imports.files()).stream()
                .filter(found -> found.upload().equals(kept))
                .findFirst()
                .orElseThrow(() -> VdiContents.gone(kept));
    }

    /** To be called without the SR's turn: it takes long to delete a large file. */
    void drop(KeptUpload kept) throws IOException {
        delete(found -> found.upload().equals(kept));
    }

    /** The records go first: what they told of is nothing without them, so nobody goes on with a file that is about to be deleted. */
    private void delete(Predicate<KeptUploads.Found> wanted) throws IOException {
        List<String> files = sr.tree.lockedIo(() -> sr.tree.lookAside(() -> forget(wanted)));
        for (String file : files) {
            sr.storage.delete(file);
        }
    }

    private List<String> forget(Predicate<KeptUploads.Found> wanted) throws IOException {
        List<String> files = new ArrayList<>();
        for (KeptUploads.Found found : uploads.all(imports.files())) {
            if (wanted.test(found)) {
                uploads.forget(found.file());
                files.add(found.file());
            }
        }
        return files;
    }

    private void expire() {
        try {
            delete(found -> true);
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("uploads-not-expired", "sr", sr.settings.id(), "cause", e.getMessage()));
        }
    }

    public void close() {
        alarm.run();
    }
}
