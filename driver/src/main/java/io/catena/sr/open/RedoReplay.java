package io.catena.sr.open;

import io.catena.log.LogLine;
import io.catena.op.Journal;
import io.catena.op.Operation;
import io.catena.op.Snapshot;
import io.catena.sr.job.SideBySide;
import io.catena.sr.live.OpenLogs;
import io.catena.sr.live.RedoStore;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.sr.tree.TreeScanner;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.map.RedoLog;
import io.catena.vhd.map.RedoMisfitException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Brings into the files what the redo logs of a session tell that did not end in order.
 *
 * <p>A log that cannot be replayed now, since its file cannot be read or written, is kept for when it can be. A log that is
 * noted to exist and does not, or whose file is another one by now, is an answered write that is lost: the file is not used
 * until somebody accepts that. Neither keeps other files from being used. After the host was started anew no log is missed,
 * for the power took them.
 *
 * <p>Of most disks the log tells of nothing: all that was written is where the file tells, or is bytes in place. Such a file is
 * left alone, unless others build on it: what those gave up may be in it alone, not synced yet, and must be durable before their
 * logs make it durable that they gave it up.
 */
final class RedoReplay {
    private static final Logger LOG = System.getLogger(RedoReplay.class.getName());

    private final Storage storage;
    private final RedoStore redo;
    private final OpenLogs notes;
    private final Set<UUID> logs = new HashSet<>();

    /** Those of the logs that tell of writes of this session. */
    private final Set<UUID> telling = new HashSet<>();

    /** The logs of files that were left alone, since they tell of nothing. */
    private final Set<UUID> idle = ConcurrentHashMap.newKeySet();

    /** The ids of the logs that the files have which are there, if they have one. */
    private final Set<UUID> found = ConcurrentHashMap.newKeySet();

    /** The files whose logs are kept. */
    private final Set<String> behind = Collections.synchronizedSet(new LinkedHashSet<>());

    /** Why files lack what was written to them. */
    private final Map<String, String> lost = Collections.synchronizedMap(new LinkedHashMap<>());

    private final int filesAtOnce;

    RedoReplay(Storage storage, RedoStore redo, int filesAtOnce) {
        this.storage = storage;
        this.redo = redo;
        this.filesAtOnce = filesAtOnce;
        this.notes = new OpenLogs(storage);
    }

    /** Returns the files whose logs could not be replayed and are kept. */
    Set<String> behind() {
        return behind;
    }

    /** Returns the files whose logs are lost or do not fit, and in words what was found. */
    Map<String, String> lost() {
        return lost;
    }

    /** Returns all files that lack something that was written to them. */
    Set<String> incomplete() {
        Set<String> all = new LinkedHashSet<>(behind);
        all.addAll(lost.keySet());
        return all;
    }

    /**
     * Replays all logs, and removes them if that is done with all. Before an operation that was interrupted is completed, or if it
     * is not known for sure what builds on what, no file is left alone.
     *
     * @param areExpected whether the logs that are noted must be there: the host was not started anew since
     */
    void run(boolean areExpected) throws IOException {
        logs.addAll(RedoLog.logs(redo.storage(), redo.directory()));
        telling.addAll(RedoLog.telling(redo.storage(), redo.directory(), redo.owner()));
        Set<UUID> noted = areExpected ? notes.ids() : Set.of();
        if (!logs.isEmpty() || !noted.isEmpty()) {
            Optional<Operation> interrupted = new Journal(storage).read();
            if (interrupted.orElse(null) instanceof Snapshot snapshot) {
                replayLaidReady(snapshot, noted);
            }
            Tree tree = new TreeScanner(storage).scan();
            catchUp(tree, interrupted.isEmpty(), noted);
            noteReplaced(
                    tree, noted, interrupted.map(RedoReplay::replacedInOrder).orElse(List.of()));
        }
        lost.forEach((file, why) -> LOG.log(Level.ERROR, LogLine.of("redo-log-lost", "node", file, "cause", why)));
        if (incomplete().isEmpty()) {
            removeAll();
        } else {
            removeIdle();
        }
    }

    /** A leaf may have given up what only its parent has by now; files of the same depth have nothing to do with each other. */
    private void catchUp(Tree all, boolean isInOrder, Set<UUID> noted) throws IOException {
        boolean isCertain = isInOrder && all.nodes().stream().allMatch(node -> node.problem() == null);
        Predicate<Node> isAlone = node -> isCertain && all.children(node.name()).isEmpty();
        for (List<Node> generation : parentsFirst(all)) {
            noteUnreadable(generation);
            SideBySide.each(
                    filesAtOnce,
                    byLog(generation).entrySet(),
                    file -> catchUp(file.getKey(), file.getValue(), noted, isAlone));
        }
    }

    /** The session goes on, but for these files it is over. */
    private void removeIdle() throws IOException {
        for (UUID log : idle) {
            notes.forget(log);
            RedoLog.delete(redo.storage(), redo.directory(), log);
        }
    }

    /**
     * What is left belongs to files that are gone, or to a boot that is over. The notes first: they accuse. But what tells of
     * writes since this boot to a file that is not here stays until the next: this may be a copy of a directory whose agent
     * died, and the file in the original.
     */
    private void removeAll() throws IOException {
        notes.forgetAll();
        Set<UUID> others =
                RedoLog.telling(redo.storage(), redo.directory(), redo.owner().boot());
        others.removeAll(found);
        for (UUID log : others) {
            LOG.log(Level.WARNING, LogLine.of("redo-log-of-no-file", "log", redo.directory() + "/" + log));
        }
        for (String name : redo.storage().list(redo.directory())) {
            if (others.stream().noneMatch(log -> name.contains(log.toString()))) {
                redo.storage().delete(name);
            }
        }
    }

    /** The files that an operation takes away whose logs are needed no more. */
    private static List<String> replacedInOrder(Operation interrupted) {
        return interrupted instanceof Snapshot snapshot ? snapshot.emptyLeaves() : interrupted.replaced();
    }

    /** The log of a file that cannot be read may be any of those that are left. */
    private void noteUnreadable(List<Node> nodes) {
        for (Node node : nodes) {
            if (node.file() == null && !telling.isEmpty()) {
                behind.add(node.name());
            }
        }
    }

    /** Returns the nodes by the logs that their files have, if they have one: those that are one file under several names together. */
    private Map<UUID, List<Node>> byLog(List<Node> nodes) throws IOException {
        Map<UUID, List<Node>> groups = new LinkedHashMap<>();
        for (Node node : nodes) {
            if (node.file() != null) {
                groups.computeIfAbsent(redo.logId(node.name()), log -> new ArrayList<>())
                        .add(node);
            }
        }
        return groups;
    }

    private void catchUp(UUID log, List<Node> nodes, Set<UUID> noted, Predicate<Node> isAlone) {
        found.add(log);
        for (Node node : nodes) {
            ChainFile file = node.file();
            if (node.parent() != null && behind.contains(node.parent())) {
                behind.add(node.name());
            } else if (!logs.contains(log) && noted.contains(log)) {
                lost.put(node.name(), missing(log));
            } else if (file != null && file.isSparse() && logs.contains(log)) {
                catchUp(log, node, file, isAlone);
            }
        }
    }

    private void catchUp(UUID log, Node node, ChainFile file, Predicate<Node> isAlone) {
        if (node.parent() != null && lost.containsKey(node.parent())) {
            behind.add(node.name());
        } else if (!telling.contains(log) && isAlone.test(node) && isWhole(file)) {
            idle.add(log);
        } else {
            replay(file, node.name());
        }
    }

    /** Whether nothing is left of a close that was interrupted; footers are seen to later. */
    private boolean isWhole(ChainFile file) {
        try {
            return file.hasValidBatmap(storage);
        } catch (IOException e) {
            // Its replay tells.
            return false;
        }
    }

    private String missing(UUID log) {
        return "its redo log " + redo.directory() + "/" + log + " is not in the run directory of this agent";
    }

    /** A file was put in the place of one that had a log, not by an operation of our own. */
    private void noteReplaced(Tree tree, Set<UUID> noted, List<String> inOrder) throws IOException {
        for (UUID log : noted) {
            if (!found.contains(log) && mayTellOfWrites(log)) {
                String name = notes.name(log);
                if (tree.node(name).isPresent() && !inOrder.contains(name) && !behind.contains(name)) {
                    lost.put(name, "another file was put in the place of the one that the guest wrote to");
                }
            }
        }
    }

    private boolean mayTellOfWrites(UUID log) {
        return !logs.contains(log) || telling.contains(log);
    }

    /**
     * An operation that was interrupted may have left disks that were written in files which still lie ready under other names,
     * and whose old files are to be renamed: so those have to catch up now.
     */
    private void replayLaidReady(Snapshot snapshot, Set<UUID> noted) throws IOException {
        for (Snapshot.Cut cut : snapshot.cuts()) {
            if (storage.exists(cut.leaf()) && !storage.exists(cut.baseCopy())) {
                catchUpBeforeRename(ChainFile.read(storage, cut.leaf()), noted);
            }
        }
        for (Snapshot.Child child : snapshot.children()) {
            if (storage.exists(child.prepared())) {
                UUID log = redo.logId(child.prepared());
                found.add(log);
                if (logs.contains(log)) {
                    replay(ChainFile.read(storage, child.prepared()), child.name());
                } else if (noted.contains(log)) {
                    lost.put(child.name(), missing(log));
                }
            }
        }
    }

    private void catchUpBeforeRename(ChainFile leaf, Set<UUID> noted) throws IOException {
        UUID log = redo.logId(leaf.name());
        if (!logs.contains(log) && noted.contains(log)) {
            throw new IOException(leaf.name() + " lacks what was written to it last, for " + missing(log)
                    + ", and a snapshot of it was interrupted that cannot be completed before. Start the agent with the run"
                    + " directory that it had; or, if that is lost, give up what was written: delete "
                    + SrFiles.OPEN_LOGS + "/" + log + ", and attach the SR again");
        }
        if (leaf.isSparse() && logs.contains(log)) {
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

    private static Collection<List<Node>> parentsFirst(Tree tree) {
        return tree.nodes().stream()
                .collect(Collectors.groupingBy(tree::depth, TreeMap::new, Collectors.toList()))
                .values();
    }

    /**
     * @param name that the file has, or will have
     */
    private void replay(ChainFile file, String name) {
        try {
            file.openWritable(storage, redo.open(file)).close();
            LOG.log(Level.INFO, LogLine.of("redo-replayed", "node", file.name()));
        } catch (RedoMisfitException e) {
            lost.put(name, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            behind.add(name);
            LOG.log(Level.WARNING, LogLine.of("redo-not-replayed", "node", file.name(), "cause", e.getMessage()));
        }
    }
}
