package io.catena.tool;

import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Looks at many files at once, and at how they build on each other: by the unique ids that they name. Reads the headers of
 * each file once; one that cannot be read hides no other.
 */
public final class VhdScan {
    private static final Pattern VHD = Pattern.compile(".+\\.a?vhd", Pattern.CASE_INSENSITIVE);

    private VhdScan() {}

    /**
     * Looks at files, and at the VHDs that are directly in directories.
     *
     * @return all files in the order of their paths
     * @throws IOException if a directory cannot be listed
     */
    public static List<ScannedVhd> of(List<Path> paths) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path path : paths) {
            if (FileStorage.isDirectory(path)) {
                files.addAll(disksIn(path));
            } else {
                files.add(path);
            }
        }
        List<Path> once = files.stream().distinct().sorted().toList();
        return link(once.parallelStream().map(ScannedVhd::read).toList());
    }

    private static List<Path> disksIn(Path directory) throws IOException {
        return new FileStorage(directory)
                .list("").stream()
                        .filter(name -> VHD.matcher(name).matches())
                        .map(directory::resolve)
                        .toList();
    }

    /** Takes a time in proportion to the files, however long their chains are, and however many have the same id. */
    static List<ScannedVhd> link(List<ScannedVhd> files) {
        Candidates candidates = new Candidates(files);
        Map<Path, ScannedVhd> linked = new LinkedHashMap<>();
        for (ScannedVhd file : files) {
            ScannedVhd parent = candidates.parent(file);
            linked.put(file.file(), parent == null ? file : file.withParent(parent.file()));
        }
        Set<Path> circling = circling(linked);
        return linked.values().stream()
                .map(file -> file.problem() == null && circling.contains(file.file())
                        ? file.withProblem("its parents lead in a circle")
                        : file)
                .toList();
    }

    /** The files that have an id: the first with each, and the first of each name. */
    private static final class Candidates {
        private final Map<UUID, ScannedVhd> byId = new HashMap<>();
        private final Map<Named, ScannedVhd> byName = new HashMap<>();

        private record Named(UUID id, String name) {}

        Candidates(List<ScannedVhd> files) {
            for (ScannedVhd file : files) {
                UUID id = file.uniqueId();
                if (id != null) {
                    byId.putIfAbsent(id, file);
                    byName.putIfAbsent(new Named(id, String.valueOf(file.file().getFileName())), file);
                }
            }
        }

        @Nullable
        ScannedVhd parent(ScannedVhd file) {
            UUID id = file.parentId();
            if (id == null) {
                return null;
            }
            ScannedVhd named = byName.get(new Named(id, String.valueOf(file.parentName())));
            return named == null ? byId.get(id) : named;
        }
    }

    /** Returns the files whose parents lead in a circle. */
    private static Set<Path> circling(Map<Path, ScannedVhd> files) {
        Set<Path> circling = new HashSet<>();
        Set<Path> met = new HashSet<>();
        for (ScannedVhd file : files.values()) {
            List<Path> way = new ArrayList<>();
            @Nullable ScannedVhd next = file;
            while (next != null && met.add(next.file())) {
                way.add(next.file());
                next = next.parent() == null ? null : files.get(next.parent());
            }
            if (next != null && (circling.contains(next.file()) || way.contains(next.file()))) {
                circling.addAll(way);
            }
        }
        return circling;
    }
}
