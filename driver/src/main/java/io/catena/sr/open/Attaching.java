package io.catena.sr.open;

import com.google.gson.Gson;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.op.Journal;
import io.catena.op.Operation;
import io.catena.op.Snapshot;
import io.catena.sr.gc.GcProgress;
import io.catena.sr.job.Environment;
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
import io.catena.sr.xen.FooterRestore;
import io.catena.sr.xen.SmLeftover;
import io.catena.sr.xen.SmRecovery;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.RedoLog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
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
 *   <li>Delete what was only being prepared.
 *   <li>After an unclean end, give disks that lost their trailing footer a new one.
 *   <li>After an unclean end, delete the records that were written for disks that were never made, or outlived theirs.
 *   <li>Make sure that what is noted of push downs that were interrupted holds, see {@link GcProgress}.
 *   <li>Begin a new session: from now on redo logs of the last one are void. Every step before can be repeated. If a log
 *       could not be replayed, since its file cannot be read or written, the last session goes on instead.
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
     */
    private record Session(@Nullable String attachment) {}

    /**
     * A session that has begun.
     *
     * @param redo where its redo logs are
     * @param unreplayed the files whose logs of the last session could not be replayed and are kept
     */
    record Begun(RedoStore redo, Set<String> unreplayed) {}

    /** Recovers the SR and begins a session. */
    Begun begin(SrRecord sr) throws IOException {
        refuseBothUnfinished();
        PendingRewrites.complete(storage);
        String directory = sr.id();
        Optional<UUID> last = lastAttachment();
        Set<String> behind = last.isEmpty()
                ? Set.of()
                : replay(new RedoStore(
                        environment.redo(), directory, new RedoLog.Owner(environment.bootId(), last.get())));
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
            restoreFooters(behind);
            deleteOrphanRecords();
        }
        GcProgress.settle(storage, last.isEmpty());
        UUID attachment = behind.isEmpty() ? newSession(last) : last.orElseThrow();
        return new Begun(
                new RedoStore(environment.redo(), directory, new RedoLog.Owner(environment.bootId(), attachment)),
                behind);
    }

    /**
     * Returns the id of a new session; on a file system that is too full for its file the last one goes on, of which no log is
     * left.
     */
    private UUID newSession(Optional<UUID> last) throws IOException {
        UUID attachment = environment.uuids().get();
        try {
            StoredText.write(storage, SrFiles.SESSION, GSON.toJson(new Session(attachment.toString())));
            return attachment;
        } catch (IOException e) {
            if (!Errors.isNoSpace(e) || last.isEmpty() || !lastAttachment().equals(last)) {
                throw e;
            }
            LOG.log(Level.WARNING, LogLine.of("session-goes-on", "cause", e.getMessage()));
            return last.get();
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

    private Optional<UUID> lastAttachment() throws IOException {
        Optional<String> text = StoredText.read(storage, SrFiles.SESSION);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Session session = GSON.fromJson(text.get(), Session.class);
            if (session != null && session.attachment() != null && Uuids.isUuid(session.attachment())) {
                return Optional.of(UUID.fromString(session.attachment()));
            }
        } catch (RuntimeException e) {
            // Gson throws what it likes.
            throw new IOException(SrFiles.SESSION + " is damaged: " + e.getMessage(), e);
        }
        throw new IOException(SrFiles.SESSION + " names no attachment: " + text.get());
    }

    /**
     * Returns the files that are behind their logs. The log of a file that cannot be read or written now, say since the file
     * system is full, is kept for when it can be, and does not keep the others from being attached.
     */
    private Set<String> replay(RedoStore redo) throws IOException {
        Set<UUID> logs = new HashSet<>(RedoLog.disks(redo.storage(), redo.directory()));
        if (logs.isEmpty()) {
            return Set.of();
        }
        Set<String> failed = new LinkedHashSet<>();
        replayLaidReady(redo, logs, failed);
        for (Node node : parentsFirst(new TreeScanner(storage).scan())) {
            ChainFile file = node.file();
            if (file == null || failed.contains(node.parent())) {
                // The log of a file that cannot be read may be any of those that are left.
                failed.add(node.name());
            } else if (file.isSparse() && logs.contains(RedoStore.logId(file)) && !replay(file, file, redo)) {
                failed.add(node.name());
            }
        }
        if (failed.isEmpty()) {
            // What is left belongs to files that are gone, or to a boot or a session that is over.
            for (String name : redo.storage().list(redo.directory())) {
                redo.storage().delete(name);
            }
        }
        return failed;
    }

    /**
     * An operation that was interrupted may have left disks that were written in files which still lie ready under other names,
     * and whose old files are to be renamed: so those have to catch up now.
     */
    private void replayLaidReady(RedoStore redo, Set<UUID> logs, Set<String> failed) throws IOException {
        Optional<Operation> interrupted = new Journal(storage).read();
        if (!(interrupted.orElse(null) instanceof Snapshot snapshot)) {
            return;
        }
        for (Snapshot.Cut cut : snapshot.cuts()) {
            if (storage.exists(cut.leaf()) && !storage.exists(cut.baseCopy())) {
                catchUpBeforeRename(ChainFile.read(storage, cut.leaf()), redo, logs);
            }
        }
        for (Snapshot.Child child : snapshot.children()) {
            if (storage.exists(child.prepared())) {
                ChainFile file = ChainFile.read(storage, child.prepared());
                ChainFile named = file.renamed(child.name());
                if (logs.contains(RedoStore.logId(named)) && !replay(file, named, redo)) {
                    failed.add(child.name());
                }
            }
        }
    }

    private void catchUpBeforeRename(ChainFile leaf, RedoStore redo, Set<UUID> logs) throws IOException {
        if (leaf.isSparse() && logs.contains(RedoStore.logId(leaf))) {
            try {
                leaf.openWritable(storage, redo.open(leaf)).close();
            } catch (IOException e) {
                throw new IOException(
                        leaf.name()
                                + " cannot take over what its redo log tells of, and a snapshot of it was interrupted that"
                                + " cannot be completed before; make room, or see to the file, and attach the SR again: "
                                + e.getMessage(),
                        e);
            }
        }
    }

    /** A leaf may have given up what only its parent has by now. */
    private static List<Node> parentsFirst(Tree tree) {
        return tree.nodes().stream()
                .sorted(Comparator.comparingInt(tree::depth))
                .toList();
    }

    /**
     * @param named as the log belongs to it
     */
    private boolean replay(ChainFile file, ChainFile named, RedoStore redo) {
        try {
            file.openWritable(storage, redo.open(named)).close();
            LOG.log(Level.INFO, LogLine.of("redo-replayed", "node", file.name()));
            return true;
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("redo-not-replayed", "node", file.name(), "cause", e.getMessage()));
            return false;
        }
    }

    private void deleteTemporary() throws IOException {
        for (String name : SrFiles.temporary(storage)) {
            storage.delete(name);
        }
        storage.syncNames();
    }

    /** A file that cannot be read may have an id that only it knows, so with one there no record is sure to be an orphan. */
    private void deleteOrphanRecords() throws IOException {
        Tree tree = new TreeScanner(storage).scan();
        if (tree.nodes().stream().anyMatch(node -> node.file() == null)) {
            return;
        }
        VdiRecords records = new VdiRecords(storage);
        Set<VdiId> ids = new TreeSet<>(records.ids());
        ids.addAll(new ElidedZeros(storage).ids());
        for (VdiId id : ids) {
            if (tree.node(id).isEmpty()) {
                records.delete(id);
                LOG.log(Level.INFO, LogLine.of("orphan-record-deleted", "vdi", id));
            }
        }
        storage.syncNames();
    }

    /** A file that is behind its log has more data than it tells of: a footer would take its place. */
    private void restoreFooters(Set<String> behind) throws IOException {
        FooterRestore footers = new FooterRestore(storage);
        for (Node node : new TreeScanner(storage).scan().nodes()) {
            if (node.file() != null && !behind.contains(node.name())) {
                footers.restore(node.name());
            }
        }
    }
}
