package io.catena.disk;

import io.catena.format.UnsupportedVhdException;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentFinder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Follows the parents of a file up to the root, without opening any of them for I/O. */
public final class ChainPath {
    private ChainPath() {}

    /**
     * Returns the files of the chain that begins at {@code leaf}, leaf first.
     *
     * @throws io.catena.vhd.MissingParentException if a parent cannot be found, or is not the right one
     * @throws io.catena.format.CorruptVhdException if a file is no valid VHD
     * @throws UnsupportedVhdException if the chain leads back to itself
     */
    public static List<ChainFile> of(Storage storage, ChainFile leaf) throws IOException {
        ParentFinder finder = new ParentFinder(storage);
        List<ChainFile> files = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        Optional<ChainFile> next = Optional.of(leaf);
        while (next.isPresent()) {
            ChainFile file = next.get();
            if (!names.add(file.name())) {
                throw new UnsupportedVhdException(
                        leaf.name(),
                        "its parents lead in a circle: " + String.join(" -> ", names) + " -> " + file.name());
            }
            files.add(file);
            next = finder.parentOf(file);
        }
        return files;
    }
}
