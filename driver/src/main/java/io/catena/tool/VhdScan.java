package io.catena.tool;

import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
        Collections.sort(files);
        return link(files.parallelStream().map(ScannedVhd::read).toList());
    }

    private static List<Path> disksIn(Path directory) throws IOException {
        return new FileStorage(directory)
                .list("").stream()
                        .filter(name -> VHD.matcher(name).matches())
                        .map(directory::resolve)
                        .toList();
    }

    private static List<ScannedVhd> link(List<ScannedVhd> files) {
        Map<UUID, List<ScannedVhd>> byId = new HashMap<>();
        for (ScannedVhd file : files) {
            if (file.uniqueId() != null) {
                byId.computeIfAbsent(file.uniqueId(), id -> new ArrayList<>()).add(file);
            }
        }
        Map<Path, ScannedVhd> linked = new HashMap<>();
        for (ScannedVhd file : files) {
            linked.put(file.file(), link(file, byId));
        }
        return files.stream()
                .map(file -> checkCircle(Objects.requireNonNull(linked.get(file.file())), linked))
                .toList();
    }

    private static ScannedVhd link(ScannedVhd file, Map<UUID, List<ScannedVhd>> byId) {
        if (file.parentId() == null) {
            return file;
        }
        List<ScannedVhd> candidates = byId.getOrDefault(file.parentId(), List.of());
        ScannedVhd parent = candidates.stream()
                .filter(candidate -> candidate.file().endsWith(String.valueOf(file.parentName())))
                .findFirst()
                .orElse(candidates.isEmpty() ? null : candidates.get(0));
        return parent == null ? file : file.withParent(parent.file());
    }

    private static ScannedVhd checkCircle(ScannedVhd file, Map<Path, ScannedVhd> files) {
        Set<Path> seen = new HashSet<>();
        @Nullable ScannedVhd next = file;
        while (next != null && seen.add(next.file())) {
            next = next.parent() == null ? null : files.get(next.parent());
        }
        return next == null || file.problem() != null ? file : file.withProblem("its parents lead in a circle");
    }
}
