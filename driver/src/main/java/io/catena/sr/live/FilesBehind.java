package io.catena.sr.live;

import io.catena.log.LogLine;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;

/**
 * The files that are behind their redo logs: what guests wrote last is in the log alone, since the file could not be read or
 * written, say for want of room. Until such a file has caught up nothing may be made of it but the disk that writes to it, and
 * the session goes on that its log belongs to. The same holds for files whose logs are lost, until somebody accepts that.
 *
 * <p><b>Threads.</b> Safe for use by many threads. To catch up takes as long as the disk does; who wants the same file waits for it.
 */
public final class FilesBehind {
    private static final Logger LOG = System.getLogger(FilesBehind.class.getName());

    private final RedoStore redo;
    private final FilesToSettle files;

    /** Why files lack for good what was written to them last. */
    private final Map<String, String> lost;

    /**
     * @param names the files that are behind when the SR is attached
     * @param lost those whose logs are lost, and what was found
     */
    public FilesBehind(Storage storage, RedoStore redo, Collection<String> names, Map<String, String> lost) {
        this.redo = redo;
        this.files = new FilesToSettle(storage, redo);
        names.forEach(files::add);
        this.lost = new ConcurrentSkipListMap<>(lost);
    }

    /** Returns why files that are there lack what was written to them last, by their names. */
    public Map<String, String> lostIn(Tree tree) {
        Map<String, String> there = new TreeMap<>(lost);
        there.keySet().removeIf(name -> tree.node(name).isEmpty());
        return there;
    }

    /** Returns why the first of these nodes lacks what was written to it last. */
    public Optional<String> lostIn(List<Node> chain) {
        return chain.stream()
                .map(Node::name)
                .filter(lost::containsKey)
                .map(name -> name + " lacks writes that were answered: " + lost.get(name))
                .findFirst();
    }

    /**
     * Goes on with the files as they are, without what their logs told; returns their names. To be called under the tree
     * lock.
     */
    public synchronized List<String> acceptLoss() throws IOException {
        List<String> accepted = List.copyOf(lost.keySet());
        for (String name : accepted) {
            redo.forget(name);
            lost.remove(name);
            LOG.log(Level.WARNING, LogLine.of("loss-accepted", "node", name));
        }
        return accepted;
    }

    /** Returns those that are there; does not wait for files that catch up. */
    public Set<String> in(Tree tree) {
        return files.names().stream()
                .filter(name -> tree.node(name).isPresent())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Notes which nodes of a chain are behind, after an attempt to close it failed. */
    public void note(List<Node> chain) throws IOException {
        Set<UUID> logs = new HashSet<>(RedoLog.logs(redo.storage(), redo.directory()));
        for (Node node : chain) {
            ChainFile file = node.file();
            if (file != null && file.isSparse() && logs.contains(redo.logId(node.name()))) {
                files.add(node.name());
            }
        }
    }

    /** Forgets a file that was opened for writing with its log: the disk shows what is in both. */
    public void opened(String name) {
        files.remove(name);
    }

    /** Whether a node of a chain is behind. */
    public boolean isBehind(List<Node> chain) {
        return chain.stream().map(Node::name).anyMatch(files::contains);
    }

    /**
     * Lets nodes of a chain catch up, which nobody has open if they are behind.
     *
     * @param chain the uppermost first; an upper one may have given up what only a lower one has by now
     * @throws IOException if one cannot; those below it have
     */
    public void catchUp(List<Node> chain) throws IOException {
        for (int i = chain.size() - 1; i >= 0; i--) {
            catchUp(chain.get(i).name());
        }
    }

    private void catchUp(String name) throws IOException {
        if (files.settle(name)) {
            LOG.log(Level.INFO, LogLine.of("redo-replayed", "node", name));
        }
    }

    /**
     * Lets all files catch up; returns whether that is done, as far as it can be: a damaged file must be repaired first, which
     * is for somebody who has the directory alone. To be called when no disk is active.
     */
    public boolean haveAllCaughtUp(Tree tree) {
        List<Node> uppermostFirst = tree.nodes().stream()
                .filter(node -> node.file() != null && files.contains(node.name()))
                .sorted(Comparator.comparingInt(tree::depth).reversed())
                .toList();
        try {
            catchUp(uppermostFirst);
            return lostIn(tree).isEmpty();
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("redo-not-replayed", "cause", e.getMessage()));
            return false;
        }
    }
}
