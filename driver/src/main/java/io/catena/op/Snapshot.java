package io.catena.op;

import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.Layer;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Makes snapshots and clones of leaves, all at one instant: each leaf's file becomes a base copy, under a new name, of new,
 * empty children, one of which takes the leaf's name. A leaf that holds nothing needs no base copy: a new, empty file that
 * builds on the same parent just takes its place. Files that are children of something else already, because the leaf held
 * nothing, just get their names.
 *
 * <p>The instant itself is none of the steps: an agent that serves the disks lets them go on with their new leaves, in memory,
 * after this is recorded and before the first step. So the children may have been written under their prepared names.
 *
 * <ol>
 *   <li>Rename each leaf to its base copy's name, and make that durable: else the new file of the leaf's name
 *       could outlive a power cut that undoes the rename, and would be taken for the data.
 *   <li>Give the prepared children their names, and make that durable. From here on the disks have their new shape.
 *   <li>Mark the base copies as hidden. Until then they would show as disks.
 *   <li>Write the records of the new disks.
 * </ol>
 *
 * <p>The first step is taken if the base copy's name does not exist, the second, for each child, if its prepared name does.
 *
 * <p>If a leaf that is to be replaced since it holds nothing does hold something, its disk was written to after this was
 * recorded and before the instant, which never came: then nothing is done at all.
 *
 * @param cuts the leaves
 * @param children the files, durably laid ready before
 * @param records what is to be known of the new disks
 * @param emptyLeaves names of children that take the place of a leaf that holds nothing
 */
public record Snapshot(List<Cut> cuts, List<Child> children, List<TextFile> records, List<String> emptyLeaves)
        implements Operation {
    public Snapshot {
        cuts = List.copyOf(cuts);
        children = List.copyOf(children);
        records = List.copyOf(records);
        // Records of earlier versions do not have them.
        emptyLeaves = emptyLeaves == null ? List.of() : List.copyOf(emptyLeaves);
    }

    /** A leaf whose file is to become a base copy. */
    public record Cut(String leaf, String baseCopy) {
        public Cut {
            Objects.requireNonNull(leaf, "leaf");
            Objects.requireNonNull(baseCopy, "baseCopy");
        }
    }

    /** A new file, empty or with what changed since, laid ready under one name, that is to get another. */
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
    public void checkNames() {
        for (Cut cut : cuts) {
            Names.node(cut.leaf());
            Names.node(cut.baseCopy());
        }
        for (Child child : children) {
            Names.prepared(child.prepared());
            Names.node(child.name());
        }
        records.forEach(record -> Names.disksRecord(record.name()));
    }

    @Override
    public Set<String> files() {
        Set<String> files = new HashSet<>();
        for (Cut cut : cuts) {
            files.add(cut.leaf());
            files.add(cut.baseCopy());
        }
        children.forEach(child -> files.add(child.name()));
        return files;
    }

    @Override
    public void apply(Storage storage) throws IOException {
        if (!wasOvertaken(storage)) {
            name(storage);
            complete(storage);
        }
    }

    @Override
    public List<String> replaced() {
        return children.stream().map(Child::name).toList();
    }

    private boolean wasOvertaken(Storage storage) throws IOException {
        for (Child child : children) {
            if (emptyLeaves.contains(child.name())
                    && storage.exists(child.prepared())
                    && holdsSomething(storage, child.name())) {
                return true;
            }
        }
        return false;
    }

    private static boolean holdsSomething(Storage storage, String name) throws IOException {
        try (Layer layer = ChainFile.read(storage, name).openReadOnly(storage)) {
            return !(layer instanceof SparseLayer sparse) || !sparse.isEmpty();
        }
    }

    private void name(Storage storage) throws IOException {
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

    private void complete(Storage storage) throws IOException {
        for (Cut cut : cuts) {
            HiddenFlag.set(storage, cut.baseCopy(), true);
        }
        Map<String, String> texts = new LinkedHashMap<>();
        records.forEach(record -> texts.put(record.name(), record.text()));
        StoredText.writeAll(storage, texts);
    }
}
