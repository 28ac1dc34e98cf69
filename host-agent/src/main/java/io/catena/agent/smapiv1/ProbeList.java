package io.catena.agent.smapiv1;

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

/** The answer to {@code sr_probe}: an XML document of its own within the answer, with the UUIDs of the SRs that are there. */
final class ProbeList {
    private static final int MOST = 1000;

    private final StorageHost host;

    ProbeList(StorageHost host) {
        this.host = host;
    }

    String of(Path directory) {
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" ?>\n<SRlist>\n");
        for (String sr : found(directory)) {
            xml.append("\t<SR>\n\t\t<UUID>\n\t\t\t").append(sr).append("\n\t\t</UUID>\n\t</SR>\n");
        }
        return xml.append("</SRlist>\n").toString();
    }

    private Set<String> found(Path directory) {
        Set<String> found = new TreeSet<>();
        sr(directory).ifPresent(sr -> found.add(sr.toString()));
        for (Path child : children(directory)) {
            sr(child).ifPresent(sr -> found.add(sr.toString()));
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
