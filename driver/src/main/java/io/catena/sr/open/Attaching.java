package io.catena.sr.open;

import com.google.gson.Gson;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.op.Journal;
import io.catena.op.Operation;
import io.catena.sr.gc.GcProgress;
import io.catena.sr.job.Environment;
import io.catena.sr.kept.KeptFiles;
import io.catena.sr.live.ElidedZeros;
import io.catena.sr.live.RedoStore;
import io.catena.sr.record.Errors;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.SrRecord;
import io.catena.sr.record.VdiRecords;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.PendingRewrites;
import io.catena.sr.tree.Tree;
import io.catena.sr.tree.TreeScanner;
import io.catena.sr.upload.KeptUploads;
import io.catena.sr.xen.FooterRestore;
import io.catena.sr.xen.SmLeftover;
import io.catena.sr.xen.SmRecovery;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Brings an SR into a state in which it can be worked with, whatever happened to it before.
 *
 * <ol>
 *   <li>Refuse if both an agent and XenServer's manager left unfinished work: nobody knows whose is older.
 *   <li>Complete the resizes of single files that were interrupted; until then those files cannot be read.
 *   <li>Replay the redo logs that an agent which died on this host, since its last boot, has left: they tell of answered
 *       writes, and must be in the files before those are renamed or given footers.
 *   <li>Complete the operation that was interrupted.
 *   <li>Finish or undo what XenServer's manager left unfinished, see {@link SmRecovery}; or refuse.
 *   <li>Delete what was only being prepared, but for uploads that can be gone on with, see {@link KeptUploads}.
 *   <li>After an unclean end, give disks that lost their trailing footer a new one.
 *   <li>After an unclean end, delete the records that were written for disks that were never made, or outlived theirs.
 *   <li>Make sure that what is noted of push downs that were interrupted holds, see {@link GcProgress}; and what is kept of
 *       snapshots whose data was given up, see {@link KeptFiles}.
 *   <li>Begin a new session: from now on redo logs of the last one are void. Every step before can be repeated. If a log
 *       could not be replayed, since its file cannot be read or written, or is lost, the last session goes on instead.
 * </ol>
 */
final class Attaching {
    private static final Logger LOG = System.getLogger(Attaching.class.getName());
    private static final Gson GSON = new Gson();

    private final Storage storage;
    private final Environment environment;

    Attaching(Storage storage, Environment environment) {
        this.storage = storage;
        this.environment = environment;
    }

    /**
     * A time in which one agent uses an SR; its file is there as long as that lasts, or did not end in order.
     *
     * @param attachment a UUID
     * @param boot of the host that the agent ran on; null if an older agent began it
     */
    private record Session(
            @Nullable String attachment, @Nullable String boot) {}

    /**
     * A session that has begun.
     *
     * @param redo where its redo logs are
     * @param replay tells which files lack what guests wrote to them in the last session
     */
    record Begun(RedoStore redo, RedoReplay replay) {}

    /** Recovers the SR and begins a session. */
    Begun begin(SrRecord sr) throws IOException {
        refuseBothUnfinished();
        PendingRewrites.complete(storage);
        Optional<Session> last = lastSession();
        RedoStore lastLogs = redo(sr, last.map(Attaching::attachment).orElseGet(environment.uuids()));
        RedoReplay replay = new RedoReplay(storage, lastLogs, environment.filesAtOnce());
        if (last.isPresent()) {
            replay.run(isOfThisBoot(last.get()));
        }
        Optional<Operation> completed = new Journal(storage).recover();
        completed.ifPresent(operation -> LOG.log(
                Level.INFO,
                LogLine.of(
                        "operation-completed",
                        "sr",
                        sr.id(),
                        "operation",
                        operation.getClass().getSimpleName())));
        new SmRecovery(storage).run();
        deleteTemporary();
        if (last.isPresent()) {
            // What the files say of themselves does not change by new footers.
            Tree tree = new TreeScanner(storage).scan();
            restoreFooters(tree, replay.incomplete());
            deleteOrphanRecords(tree);
        }
        GcProgress.settle(storage, last.isEmpty());
        KeptFiles.settle(storage, last.isEmpty());
        if (!replay.incomplete().isEmpty()) {
            return new Begun(lastLogs, replay);
        }
        return new Begun(redo(sr, newSession(last)), replay);
    }

    private RedoStore redo(SrRecord sr, UUID attachment) {
        return new RedoStore(environment.redo(), sr.id(), new RedoLog.Owner(environment.bootId(), attachment), storage);
    }

    private boolean isOfThisBoot(Session session) {
        return environment.bootId().toString().equals(session.boot());
    }

    private static UUID attachment(Session session) {
        return UUID.fromString(Objects.requireNonNull(session.attachment()));
    }

    /**
     * Returns the id of a new session; on a file system that is too full for its file the last one goes on, of which no log is
     * left.
     */
    private UUID newSession(Optional<Session> last) throws IOException {
        UUID attachment = environment.uuids().get();
        Session session =
                new Session(attachment.toString(), environment.bootId().toString());
        try {
            StoredText.write(storage, SrFiles.SESSION, GSON.toJson(session));
            return attachment;
        } catch (IOException e) {
            if (!Errors.isNoSpace(e) || last.isEmpty() || !lastSession().equals(last)) {
                throw e;
            }
            LOG.log(Level.WARNING, LogLine.of("session-goes-on", "cause", e.getMessage()));
            return attachment(last.get());
        }
    }

    /** Ends the session: everything is in the files. */
    static void end(Storage storage) throws IOException {
        storage.delete(SrFiles.SESSION);
        storage.syncNames();
    }

    /**
     * Redo logs of a session that did not end may be older than what sm has done since, so neither can go first; nor can an
     * agent's footers and records be trusted then.
     */
    private void refuseBothUnfinished() throws IOException {
        List<SmLeftover> foreign = storage.exists(SrFiles.SESSION) ? SmLeftover.find(storage) : List.of();
        if (!foreign.isEmpty()) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            "Neither an agent (found " + SrFiles.SESSION
                                    + ") nor XenServer's storage manager ended its work here in order: found "
                                    + String.join(
                                            ", ",
                                            foreign.stream()
                                                    .map(SmLeftover::file)
                                                    .toList()))
                    .correction(
                            "Attach the SR once with XenServer's storage manager, which finishes or undoes its own work,"
                                    + " and detach it there; then attach it here.");
        }
    }

    private Optional<Session> lastSession() throws IOException {
        Optional<String> text = StoredText.readSmall(storage, SrFiles.SESSION);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Session session = GSON.fromJson(text.get(), Session.class);
            if (session != null && session.attachment() != null && Uuids.isUuid(session.attachment())) {
                return Optional.of(session);
            }
        } catch (RuntimeException e) {
            // Gson throws what it likes.
            throw new IOException(SrFiles.SESSION + " is damaged: " + e.getMessage(), e);
        }
        throw new IOException(SrFiles.SESSION + " names no attachment, or none that can be");
    }

    /**
     * Deletes temporary files.
     *
     * <ol>
     *   <li>Sync the names, if there is anything to delete: a file that became a disk under another name must not come back as an
     *       upload whose record is gone.
     *   <li>Delete all but uploads; sync the names.
     * </ol>
     */
    private void deleteTemporary() throws IOException {
        Set<String> names = SrFiles.temporary(storage);
        names.removeAll(new KeptUploads(storage, environment.clock()).files(Set.of()));
        if (!names.isEmpty()) {
            storage.syncNames();
        }
        for (String name : names) {
            storage.delete(name);
        }
        storage.syncNames();
    }

    /** A file that cannot be read may have an id that only it knows, so with one there no record is sure to be an orphan. */
    private void deleteOrphanRecords(Tree tree) throws IOException {
        if (tree.nodes().stream().anyMatch(node -> node.file() == null)) {
            return;
        }
        VdiRecords records = new VdiRecords(storage);
        Set<VdiId> ids = new TreeSet<>(records.ids());
        ids.addAll(new ElidedZeros(storage).ids());
        ids.removeAll(KeptFiles.ids(storage));
        for (VdiId id : ids) {
            if (tree.node(id).isEmpty()) {
                records.delete(id);
                LOG.log(Level.INFO, LogLine.of("orphan-record-deleted", "vdi", id));
            }
        }
        storage.syncNames();
    }

    /** A file that is behind its log has more data than it tells of: a footer would take its place. */
    private void restoreFooters(Tree tree, Set<String> behind) {
        FooterRestore footers = new FooterRestore(storage);
        for (Node node : tree.nodes()) {
            ChainFile file = node.file();
            if (file != null && !behind.contains(node.name())) {
                footers.restore(file);
            }
        }
    }
}
