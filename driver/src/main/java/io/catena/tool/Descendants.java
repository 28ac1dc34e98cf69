package io.catena.tool;

import io.catena.format.CorruptVhdException;
import io.catena.format.UnsupportedVhdException;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.MissingParentException;
import io.catena.vhd.ParentFinder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The disks that build on another, as far as they lie in the same directory. */
final class Descendants {
    private static final Pattern VHD = Pattern.compile(".+\\.a?vhd", Pattern.CASE_INSENSITIVE);

    private Descendants() {}

    /** Returns the names of the files in the directory of {@code parent} whose parent it is. */
    static List<String> childrenOf(Storage storage, String parent) throws IOException {
        ParentFinder finder = new ParentFinder(storage);
        List<String> children = new ArrayList<>();
        for (String name : storage.list("")) {
            if (VHD.matcher(name).matches() && !name.equals(parent) && isChild(storage, finder, name, parent)) {
                children.add(name);
            }
        }
        return children;
    }

    /** A file whose parent cannot be told has another parent, or none: this one is there and valid. */
    private static boolean isChild(Storage storage, ParentFinder finder, String name, String parent)
            throws IOException {
        try {
            return finder.parentOf(ChainFile.vhd(storage, name))
                    .filter(found -> found.name().equals(parent))
                    .isPresent();
        } catch (CorruptVhdException | UnsupportedVhdException | MissingParentException e) {
            return false;
        }
    }
}
