package io.catena.agent.mount;

import io.catena.api.SrException;
import io.catena.api.SrProbe;
import io.catena.api.StorageHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The SRs at the root of a file system and right below it. */
record Surroundings(StorageHost host) {
    private static final int MOST = 1000;

    List<SrProbe> of(Path root) throws IOException {
        List<SrProbe> found = new ArrayList<>();
        add(root, found);
        try (Stream<Path> children = Files.list(root)) {
            children.filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))
                    .limit(MOST)
                    .sorted()
                    .forEach(child -> add(child, found));
        }
        return found;
    }

    private void add(Path directory, List<SrProbe> found) {
        try {
            SrProbe probe = host.probe(directory);
            if (probe.kind() == SrProbe.Kind.SR || probe.kind() == SrProbe.Kind.ADOPTABLE) {
                found.add(probe);
            }
        } catch (SrException e) {
            // Not one that can be looked at, such as another user's; the others are told.
        }
    }
}
