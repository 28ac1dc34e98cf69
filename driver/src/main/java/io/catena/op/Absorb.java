package io.catena.op;

import io.catena.store.Storage;
import io.catena.vhd.HiddenFlag;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * Lets a base copy take the place of its only child, a leaf all of whose data it holds by now: the disk's chain is one node
 * shorter.
 *
 * <ol>
 *   <li>Rename the base copy to the leaf's name, which replaces the leaf; make that durable.
 *   <li>Take the hidden flag from it. Until then the disk would not show.
 * </ol>
 *
 * <p>The first step is taken if there is no file of the base copy's name any more.
 *
 * @param baseCopy the file that holds all data
 * @param leaf the file that is replaced
 */
public record Absorb(String baseCopy, String leaf) implements Operation {
    @Override
    public void checkNames() {
        Names.node(baseCopy);
        Names.node(leaf);
    }

    @Override
    public Set<String> files() {
        return Set.of(baseCopy, leaf);
    }

    @Override
    public void apply(Storage storage) throws IOException {
        rename(storage);
        show(storage);
    }

    @Override
    public List<String> replaced() {
        return List.of(leaf);
    }

    /** Takes the first step. Who has the base copy open can go on using it. */
    public void rename(Storage storage) throws IOException {
        if (storage.exists(baseCopy)) {
            storage.rename(baseCopy, leaf);
        }
        storage.syncNames();
    }

    /** Makes a disk of the base copy. */
    private void show(Storage storage) throws IOException {
        HiddenFlag.set(storage, leaf, false);
    }

    @Override
    public boolean hasNotBegun(Storage storage) {
        try {
            return storage.exists(baseCopy);
        } catch (IOException e) {
            return false;
        }
    }
}
