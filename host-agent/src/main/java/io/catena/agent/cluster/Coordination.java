package io.catena.agent.cluster;

import com.google.gson.JsonParseException;
import io.catena.agent.etcd.EtcdEndpoints;
import io.catena.agent.etcd.EtcdLeaseStore;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.LeaseStore;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * How the hosts of an SR agree on who has it; in the file {@code .catena/coordination.json} of the SR. An SR without this file
 * is one host's alone.
 *
 * @param store {@code files}, or {@code etcd:} and addresses with commas between them
 * @param id what the SR is called in etcd; a UUID
 * @param authorities PEM file with who signs the certificates of etcd's members, the same path on all hosts; null if none
 * @param certificate PEM file with this host's certificate
 * @param key PEM file with its key
 * @param protocol the version of the protocol between agents that every host of the SR has to speak; null for the first
 */
record Coordination(
        String store,
        String id,
        @Nullable String authorities,
        @Nullable String certificate,
        @Nullable String key,
        @Nullable Integer protocol) {
    private static final String FILE = ".catena/coordination.json";
    private static final String FILES = "files";
    private static final String ETCD = "etcd:";
    private static final int MOST_PEM_BYTES = 1 << 20;
    private static final int FIRST_PROTOCOL = 1;

    Coordination {
        if (store == null || !(store.equals(FILES) || store.startsWith(ETCD))) {
            throw new SrException(SrError.BAD_REQUEST, "\"" + store + "\" is no way to coordinate hosts")
                    .correction("Give files, or for instance etcd:https://10.0.0.1:2379,https://10.0.0.2:2379");
        }
        if (id == null) {
            throw new SrException(SrError.BAD_REQUEST, FILE + " names no id");
        }
    }

    static Optional<Coordination> read(Storage storage) throws IOException {
        Optional<String> text = StoredText.readSmall(storage, FILE);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Json.read(text.get(), Coordination.class));
        } catch (JsonParseException e) {
            throw new IOException(FILE + " is damaged: " + e.getMessage(), e);
        }
    }

    /**
     * Returns this, if the host may have the SR.
     *
     * @throws SrException if it does not speak what the SR's hosts do: what it would do to the SR is not what they expect
     */
    Coordination spokenBy(ThisHost host) {
        int version = protocol == null ? FIRST_PROTOCOL : protocol;
        if (host.protocols().include(version)) {
            return this;
        }
        boolean isOld = host.protocols().max() < version;
        throw new SrException(
                        SrError.SR_UNAVAILABLE,
                        "The hosts of this SR speak version " + version + " of the protocol between agents (" + FILE
                                + "), host " + host.name() + " (this one) "
                                + host.protocols().text())
                .correction(
                        isOld
                                ? "Update Catena on host " + host.name() + "."
                                : "Update Catena on the other hosts, and attach the SR there first.");
    }

    void write(Storage storage) throws IOException {
        StoredText.write(storage, FILE, Json.write(this));
    }

    /** Returns where the records are. */
    LeaseStore open(Storage storage) throws IOException {
        return store.equals(FILES)
                ? new FileLeaseStore(storage, UUID::randomUUID)
                : new EtcdLeaseStore(endpoints(), SrId.parse(id));
    }

    private EtcdEndpoints endpoints() throws IOException {
        try {
            return EtcdEndpoints.parse(store.substring(ETCD.length()), tls());
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, String.valueOf(e.getMessage()), e);
        }
    }

    private @Nullable SSLContext tls() throws IOException {
        return authorities == null || certificate == null || key == null
                ? null
                : EtcdEndpoints.tls(pem(authorities), pem(certificate), pem(key));
    }

    /** Whoever can write to the SR names these files: to open one must not wait for anybody, nor fill the memory. */
    private static Path pem(String name) throws IOException {
        try {
            Path file = Path.of(name).toRealPath();
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            if (found.isRegularFile() && found.size() <= MOST_PEM_BYTES) {
                return file;
            }
        } catch (InvalidPathException e) {
            throw new IOException(FILE + " names what cannot be a path: " + e.getReason(), e);
        }
        throw new IOException(
                FILE + " names " + name + ", which is no regular file of at most " + MOST_PEM_BYTES + " bytes");
    }
}
