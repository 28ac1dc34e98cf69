package io.catena.sr.live;

import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Files of which only their redo logs tell some answered writes. Whoever is about to read one settles it first: opens it with its log
 * and closes it again. Who wants the same file at the same time waits for that, and nobody else does.
 *
 * <p><b>Threads.</b> Safe for use by many threads. {@link #settle} takes as long as the disk does.
 */
final class FilesToSettle {
    private final Storage storage;
    private final RedoStore redo;

    /** By name, in the order in which they came, what who settles the file holds meanwhile. */
    private final Map<String, Object> monitors = Collections.synchronizedMap(new LinkedHashMap<>());

    FilesToSettle(Storage storage, RedoStore redo) {
        this.storage = storage;
        this.redo = redo;
    }

    void add(String name) {
        monitors.putIfAbsent(name, new Object());
    }

    /** Tells that a file was opened for writing with its log, so that who has it open knows all. */
    void remove(String name) {
        monitors.remove(name);
    }

    boolean contains(String name) {
        return monitors.containsKey(name);
    }

    /** Returns the names, in the order in which they came. */
    List<String> names() {
        synchronized (monitors) {
            return List.copyOf(monitors.keySet());
        }
    }

    /**
     * Settles a file that nobody has open, if that is still to be done.
     *
     * @return whether this did it
     */
    boolean settle(String name) throws IOException {
        Object monitor = monitors.get(name);
        if (monitor == null) {
            return false;
        }
        synchronized (monitor) {
            if (monitors.get(name) != monitor) {
                return false;
            }
            ChainFile file = ChainFile.read(storage, name);
            file.openWritable(storage, redo.open(file)).close();
            return monitors.remove(name, monitor);
        }
    }
}
