package io.catena.op;

import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.HiddenFlag;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * Takes snapshots or clones of leaves, all at one instant: each leaf's file becomes a base copy, under a new name, of new,
 * empty children, one of which takes the leaf's name. Files that are children of something else already, because the
 * leaf held nothing, just get their names.
 *
 * <ol>
 *   <li>Rename each leaf to its base copy's name, and make that durable: else the new, empty file of the leaf's name
 *       could outlive a power cut that undoes the rename, and would be taken for the data.
 *   <li>Give the prepared children their names, and make that durable. From here on the disks have their new shape;
 *       requests may run again.
 *   <li>Mark the base copies as hidden. Until then they would show as disks.
 *   <li>Write the records of the new disks.
 * </ol>
 *
 * <p>The first step is taken if the base copy's name exists, the second, for each child, if its prepared name does not.
 *
 * @param cuts the leaves
 * @param children the files, durably laid ready before
 * @param records what is to be known of the new disks
 */
public record Snapshot(List<Cut> cuts, List<Child> children, List<TextFile> records) implements Operation {
    public Snapshot {
        cuts = List.copyOf(cuts);
        children = List.copyOf(children);
        records = List.copyOf(records);
    }

    /** A leaf whose file is to become a base copy. */
    public record Cut(String leaf, String baseCopy) {
        public Cut {
            Objects.requireNonNull(leaf, "leaf");
            Objects.requireNonNull(baseCopy, "baseCopy");
        }
    }

    /** A new, empty file, laid ready under one name, that is to get another. */
    public record Child(String prepared, String name) {
        public Child {
            Objects.requireNonNull(prepared, "prepared");
            Objects.requireNonNull(name, "name");
        }
    }

    /** A small file and its text. */
    public record TextFile(String name, String text) {
        public TextFile {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(text, "text");
        }
    }

    @Override
    public void apply(Storage storage) throws IOException {
        cut(storage);
        complete(storage);
    }

    /** Takes the steps that must see no request under way. */
    public void cut(Storage storage) throws IOException {
        for (Cut cut : cuts) {
            if (!storage.exists(cut.baseCopy())) {
                storage.rename(cut.leaf(), cut.baseCopy());
            }
        }
        storage.syncNames();
        for (Child child : children) {
            if (storage.exists(child.prepared())) {
                storage.rename(child.prepared(), child.name());
            }
        }
        storage.syncNames();
    }

    /**
     * Takes {@link #cut} back, as far as it got: the new files get their prepared names again, then the leaves theirs. The
     * operation is still recorded meanwhile, and could at any moment be completed instead.
     */
    public void undo(Storage storage) throws IOException {
        if (mayHaveNamedChildren(storage)) {
            for (Child child : children) {
                if (!storage.exists(child.prepared())) {
                    storage.rename(child.name(), child.prepared());
                }
            }
            storage.syncNames();
        }
        for (Cut cut : cuts) {
            if (storage.exists(cut.baseCopy())) {
                storage.rename(cut.baseCopy(), cut.leaf());
            }
        }
        storage.syncNames();
    }

    /** Children get their names after the last leaf has lost its own; there need not be any leaf. */
    private boolean mayHaveNamedChildren(Storage storage) throws IOException {
        for (Cut cut : cuts) {
            if (!storage.exists(cut.baseCopy())) {
                return false;
            }
        }
        return true;
    }

    /** Takes the other steps. */
    public void complete(Storage storage) throws IOException {
        for (Cut cut : cuts) {
            HiddenFlag.set(storage, cut.baseCopy(), true);
        }
        for (TextFile record : records) {
            StoredText.write(storage, record.name(), record.text());
        }
    }
}
