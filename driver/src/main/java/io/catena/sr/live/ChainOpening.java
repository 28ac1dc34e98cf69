package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.log.LogLine;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A chain that is being opened: see {@link OpenNodes#open}.
 *
 * <p><b>Threads.</b> Used by the one that opens it, with and without the tree lock; {@link #names} by who has that.
 */
final class ChainOpening {
    private static final Logger LOG = System.getLogger(ChainOpening.class.getName());

    private final Storage storage;
    private final RedoStore redo;
    private final List<ChainFile> path;
    private final boolean writable;
    private final Set<String> names;

    /** What was open before. */
    private final Map<String, Chain.Node> shared = new HashMap<>();

    /** What was opened, and not taken yet. */
    private final Map<String, Layer> opened = new HashMap<>();

    /**
     * @param path the first of them to be written if {@code writable}
     */
    ChainOpening(Storage storage, RedoStore redo, List<ChainFile> path, boolean writable) {
        this.storage = storage;
        this.redo = redo;
        this.path = path;
        this.writable = writable;
        this.names = path.stream().map(ChainFile::name).collect(Collectors.toUnmodifiableSet());
    }

    Set<String> names() {
        return names;
    }

    /** Goes by a node that is open. */
    void share(Chain.Node node) {
        shared.put(node.name(), node);
    }

    Map<String, Chain.Node> shared() {
        return shared;
    }

    /** Opens all that is not shared. What is open stays so if that fails. */
    void open() throws IOException {
        for (ChainFile file : path) {
            if (!shared.containsKey(file.name())) {
                boolean isWritten = writable && file.name().equals(path.get(0).name());
                opened.put(
                        file.name(),
                        isWritten ? file.openWritable(storage, redo.open(file)) : file.openReadOnly(storage));
            }
        }
    }

    /** Hands over what was opened. */
    Layer take(String name) {
        return Objects.requireNonNull(opened.remove(name), name);
    }

    /** Closes what was opened and not taken, since it was not needed: that was only read. */
    void closeRest() {
        for (Map.Entry<String, Layer> rest : opened.entrySet()) {
            try {
                rest.getValue().close();
            } catch (IOException e) {
                LOG.log(Level.WARNING, LogLine.of("nodes-not-closed", "node", rest.getKey(), "cause", e.getMessage()));
            }
        }
        opened.clear();
    }

    /** Closes what was opened, since something failed. Nothing was written to it. */
    void close(Exception reason) {
        for (Layer layer : opened.values()) {
            try {
                layer.close();
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
        opened.clear();
    }
}
