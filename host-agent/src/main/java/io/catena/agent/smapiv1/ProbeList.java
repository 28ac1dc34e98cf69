package io.catena.agent.smapiv1;

import io.catena.api.LocationProbe;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.StorageHost;
import io.catena.api.Uuids;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What {@code sr_probe} finds. */
final class ProbeList {
    private static final int MOST = 1000;

    private final StorageHost host;

    ProbeList(StorageHost host) {
        this.host = host;
    }

    /** Returns the UUIDs of the SRs in a directory and right below it. */
    Set<String> in(Path directory) {
        Set<String> found = new TreeSet<>();
        sr(directory).ifPresent(sr -> found.add(sr.toString()));
        for (Path child : children(directory)) {
            sr(child).ifPresent(sr -> found.add(sr.toString()));
        }
        return found;
    }

    /** Returns the UUIDs of the SRs on an export. One that is not adopted yet is known by its directory's name. */
    static Set<String> of(LocationProbe export) {
        Set<String> found = new TreeSet<>();
        for (SrProbe probe : export.found()) {
            String name = String.valueOf(Path.of(probe.path()).getFileName());
            if (probe.sr() != null) {
                found.add(probe.sr().toString());
            } else if (Uuids.isUuid(name)) {
                found.add(name);
            }
        }
        return found;
    }

    private Optional<SrId> sr(Path directory) {
        try {
            SrProbe probe = host.probe(directory);
            return Optional.ofNullable(probe.sr());
        } catch (SrException e) {
            // Not one that can be looked at; the others are told.
            return Optional.empty();
        }
    }

    private static List<Path> children(Path directory) {
        try (Stream<Path> children = Files.list(directory)) {
            return children.filter(child -> Uuids.isUuid(String.valueOf(child.getFileName())))
                    .filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))
                    .limit(MOST)
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
