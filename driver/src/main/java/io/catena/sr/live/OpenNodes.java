package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.OpenFiles;
import io.catena.sr.tree.Opening;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of an SR that are open: each once, however many chains it is part of.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class OpenNodes implements OpenFiles {
    private final Storage storage;
    private final RedoStore redo;
    private final Map<String, Layer> byName = new HashMap<>();
    private final IdentityHashMap<Layer, Integer> users = new IdentityHashMap<>();

    /**
     * Nodes that could not be closed in order: only their redo logs know of some answered writes. In the order in which they
     * must be settled.
     */
    private final FilesToSettle unsettled;

    /** Those of them that are being settled now, once for each who waits for that. */
    private final List<String> settling = new ArrayList<>();

    /** The files that were opened while somebody wants to know; null if nobody does. */
    private @Nullable Set<String> noted;

    /** The chains that are being opened. */
    private final List<ChainOpening> openings = new ArrayList<>();

    /**
     * @param redo has the logs of the files that are written
     */
    OpenNodes(Storage storage, RedoStore redo) {
        this.storage = storage;
        this.redo = redo;
        this.unsettled = new FilesToSettle(storage, redo);
    }

    @Override
    public Set<String> beginNoting() {
        noted = new HashSet<>();
        Set<String> open = new HashSet<>(byName.keySet());
        openings.forEach(opening -> open.addAll(opening.names()));
        open.addAll(settling);
        return open;
    }

    @Override
    public Set<String> endNoting() {
        Set<String> opened = noted == null ? Set.of() : noted;
        noted = null;
        return opened;
    }

    private void note(String name) {
        if (noted != null) {
            noted.add(name);
        }
    }

    private void put(String name, Layer layer) {
        note(name);
        byName.put(name, layer);
    }

    /**
     * Opens the chain that begins with a file, of which nodes may be open already; {@link #releaseAll} gives them back. The first
     * must not be open yet if it is to be written.
     *
     * <ol>
     *   <li>Follow the parents, aside.
     *   <li>Tell which files will be opened. Settle those that must be, aside; there are some only after one could not be closed.
     *   <li>Note them, and keep those open that are: nobody closes them from here on.
     *   <li>Open those that are not open, aside.
     *   <li>Enter them. Of what another has entered meanwhile that is shared, and the own one closed.
     * </ol>
     *
     * <p>Nothing stays open if that fails.
     */
    List<Chain.Node> open(String leaf, boolean writable, Opening aside) throws IOException {
        List<ChainFile> path = aside.get(() -> ChainPath.of(storage, ChainFile.read(storage, leaf)));
        aside.opens(path.stream().map(ChainFile::name).toList());
        settle(path, aside);
        if (writable) {
            refuseIfOpen(leaf);
        }
        ChainOpening opening = new ChainOpening(storage, redo, path, writable);
        begin(opening);
        try {
            aside.run(opening::open);
        } catch (IOException | RuntimeException e) {
            openings.remove(opening);
            giveUp(opening, aside, e);
            releaseAll(opening.shared().values(), e);
            throw e;
        }
        openings.remove(opening);
        List<Chain.Node> chain =
                path.stream().map(file -> enter(opening, file.name())).toList();
        aside.run(opening::closeRest);
        return chain;
    }

    private static void giveUp(ChainOpening opening, Aside aside, Exception reason) {
        try {
            aside.run(() -> opening.close(reason));
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private void refuseIfOpen(String name) throws IOException {
        if (byName.containsKey(name)
                || openings.stream().anyMatch(opening -> opening.names().contains(name))) {
            throw new IOException(name + ": is in use, as the parent of another disk or read-only");
        }
    }

    private void begin(ChainOpening opening) {
        for (String name : opening.names()) {
            Layer open = byName.get(name);
            if (open != null) {
                opening.share(share(name, open));
            } else {
                note(name);
            }
        }
        openings.add(opening);
    }

    private Chain.Node enter(ChainOpening opening, String name) {
        Chain.Node shared = opening.shared().get(name);
        if (shared != null) {
            return shared;
        }
        Layer open = byName.get(name);
        return open == null ? enter(name, opening.take(name)) : share(name, open);
    }

    private Chain.Node share(String name, Layer open) {
        users.merge(open, 1, Integer::sum);
        return new Chain.Node(name, open);
    }

    /**
     * Opens a node for writing though it may be open for reading. Who asks for it from then on gets this one; those who have
     * the other one see it as it was, and have to give it back. {@link #release} gives this one back.
     *
     * @param aside of a change that concerns the node
     */
    Chain.Node openWritableBeside(String name, Aside aside) throws IOException {
        Layer layer = aside.get(() -> {
            ChainFile file = ChainFile.read(storage, name);
            return file.openWritable(storage, redo.open(file));
        });
        unsettled.remove(name);
        return enter(name, layer);
    }

    /**
     * Makes sure that a node's file alone tells of all its answered writes; to be called before it is read.
     *
     * @param aside of who opens a disk and has told that it will open the file, or of a change: nobody writes to the file meanwhile, and
     *     others that want to read it wait
     */
    public void settle(String name, Aside aside) throws IOException {
        if (!unsettled.contains(name) || byName.containsKey(name)) {
            return;
        }
        note(name);
        settling.add(name);
        try {
            aside.run(() -> unsettled.settle(name));
        } finally {
            settling.remove(name);
        }
    }

    /** Settles a chain; the lowest first: an upper one may have given up what only a lower one has. */
    private void settle(List<ChainFile> path, Aside aside) throws IOException {
        for (int i = path.size() - 1; i >= 0; i--) {
            settle(path.get(i).name(), aside);
        }
    }

    /** Settles all nodes: after that, redo logs are needed no more. To be called when no disk is opened any more. */
    public void settleAll(Aside aside) throws IOException {
        for (String name : unsettled.names()) {
            if (storage.exists(name)) {
                settle(name, aside);
            }
        }
    }

    /** Enters a node that was opened elsewhere, in place of the one that has the name now. */
    public Chain.Node enter(String name, Layer layer) {
        enter(name, layer, 1);
        return new Chain.Node(name, layer);
    }

    /** As {@link #enter(String, Layer)}, of a node that so many chains have. */
    void enter(String name, Layer layer, int chains) {
        put(name, layer);
        users.put(layer, chains);
    }

    /** Lets a layer take the place of another, of the same file, that a disk alone has. */
    Chain.Node become(Chain.Node node, Layer successor) {
        users.remove(node.layer());
        return enter(node.name(), successor);
    }

    /** When this node has been closed, its redo log is to be replayed before it is read. */
    void mustSettle(String name) {
        unsettled.add(name);
    }

    /** Follows the renaming of a file that is open; what is opened under the old name from now on is another file. */
    public Chain.Node renamed(Chain.Node node, String name) {
        byName.remove(node.name());
        put(name, node.layer());
        return new Chain.Node(name, node.layer());
    }

    /** Whether a node is open still, and has its name. */
    boolean isOpen(Chain.Node node) {
        return byName.get(node.name()) == node.layer();
    }

    /** Lets the loss of a file's redo log be noticed under the name that the file has now. */
    void noteName(String name) throws IOException {
        redo.noteName(name);
    }

    /** Opens the file anew when it is asked for the next time; those who have it keep it as it is. */
    public void forget(String name) {
        byName.remove(name);
    }

    public boolean isOpen(String name) {
        return byName.containsKey(name);
    }

    /** Gives back a node, and closes it if nobody else has it. */
    void release(Chain.Node node) throws IOException {
        if (leave(node)) {
            close(node);
        }
    }

    /** Gives back a node, and leaves it to the caller to close it if nobody else has it; returns whether that is so. */
    boolean leave(Chain.Node node) {
        if (users.merge(node.layer(), -1, Integer::sum) > 0) {
            return false;
        }
        users.remove(node.layer());
        byName.remove(node.name(), node.layer());
        return true;
    }

    /** Gives back all, also if some cannot be closed. */
    void releaseAll(Collection<Chain.Node> opened) throws IOException {
        IOException failure = null;
        for (Chain.Node node : opened) {
            try {
                release(node);
            } catch (IOException e) {
                failure = Failures.merge(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Gives back all, since something else failed. */
    void releaseAll(Collection<Chain.Node> opened, Exception reason) {
        for (Chain.Node node : opened) {
            try {
                release(node);
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
    }

    private void close(Chain.Node node) throws IOException {
        try {
            node.layer().close();
        } catch (IOException e) {
            unsettled.add(node.name());
            throw e;
        }
    }
}
