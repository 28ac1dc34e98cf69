package io.catena.agent.host;

import io.catena.api.Endpoint;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The ways in which this host can export disks beside NBD, over which each that is active is reached.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}. <b>Threads.</b> Safe for use by many threads.
 */
public final class ExportServers {
    private final Map<ExportKind, ExportServer> servers = new EnumMap<>(ExportKind.class);

    private ExportServers() {}

    /** Returns these, of which each exports in another way. */
    public static ExportServers of(ExportServer... all) {
        ExportServers servers = new ExportServers();
        for (ExportServer server : all) {
            servers.servers.put(server.kind(), server);
        }
        return servers;
    }

    /** Exports a disk that is active. Over NBD it is already. */
    void open(ExportKind kind, VdiId vdi) {
        if (kind != ExportKind.NBD) {
            server(kind).open(vdi);
        }
    }

    /** Ends one export of a disk, if there is one. */
    void close(ExportKind kind, VdiId vdi) {
        if (kind != ExportKind.NBD) {
            server(kind).close(vdi);
        }
    }

    /** Ends all exports of a disk but the one over NBD. */
    void close(VdiId vdi) {
        servers.values().forEach(server -> server.close(vdi));
    }

    /** Returns a path that a disk has whenever it is exported so. */
    String path(ExportKind kind, VdiId vdi) {
        return server(kind).path(vdi);
    }

    void resized(VdiId vdi) {
        servers.values().forEach(server -> server.resized(vdi));
    }

    /** Returns in which ways a disk is exported besides NBD. */
    Set<ExportKind> kinds(VdiId vdi) {
        Set<ExportKind> kinds = EnumSet.noneOf(ExportKind.class);
        servers.forEach((kind, server) -> {
            if (server.endpoint(vdi).isPresent()) {
                kinds.add(kind);
            }
        });
        return kinds;
    }

    /** Returns an export with all places where the disk is reached. */
    Export complete(Export export) {
        Export complete = export;
        for (ExportServer server : servers.values()) {
            Optional<Endpoint> endpoint = server.endpoint(export.vdi());
            if (endpoint.isPresent()) {
                complete = complete.with(endpoint.get());
            }
        }
        return complete;
    }

    /**
     * Removes what agents before this one left.
     *
     * @param wanted which disks are to be exported in some way
     */
    void removeLeftovers(Function<ExportKind, Set<VdiId>> wanted) {
        servers.forEach((kind, server) -> server.removeLeftovers(wanted.apply(kind)));
    }

    private ExportServer server(ExportKind kind) {
        ExportServer server = servers.get(kind);
        if (server == null) {
            throw new SrException(SrError.UNIMPLEMENTED, "No VDI can be " + kind.text() + " on this host");
        }
        return server;
    }
}
