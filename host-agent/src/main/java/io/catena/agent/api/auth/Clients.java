package io.catena.agent.api.auth;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.state.DurableFile;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.logging.Logger;

/**
 * What those may do who show a certificate, by a name in it. Asked by the API and by NBD.
 *
 * <p><b>Threads.</b> Safe for use by many threads; asking waits for no change.
 */
public final class Clients {
    private static final Logger LOG = Logger.getLogger(Clients.class.getName());
    private static final int MOST_CLIENTS = 1000;

    private final DurableFile file;

    /** By name; replaced as a whole, by one thread at a time. */
    private volatile Map<String, Client> clients;

    /** What the file holds. */
    private record Kept(List<Client> clients) {}

    /**
     * @param file where they are kept
     * @throws IOException if the file cannot be read, or does not hold clients
     */
    public Clients(Path file) throws IOException {
        this.file = new DurableFile(file);
        Map<String, Client> kept = new TreeMap<>();
        try {
            this.file
                    .read()
                    .map(text -> Json.read(text, Kept.class))
                    .ifPresent(all -> all.clients.forEach(client -> kept.put(client.client(), client)));
        } catch (JsonParseException e) {
            throw new IOException(file + " does not hold clients: " + e.getMessage(), e);
        }
        clients = kept;
    }

    /** Returns all, sorted by name. */
    public List<Client> list() {
        return List.copyOf(clients.values());
    }

    /** Returns those that a certificate with these names is for. */
    List<Client> of(Collection<String> names) {
        Map<String, Client> now = clients;
        return names.stream().map(now::get).filter(Objects::nonNull).toList();
    }

    /** Says what a client may do, and nothing else than that. It is on disk when this returns. */
    synchronized Client put(Client client) {
        Map<String, Client> next = new TreeMap<>(clients);
        next.put(client.client(), client);
        if (next.size() > MOST_CLIENTS) {
            throw new SrException(SrError.TRY_AGAIN, "There are " + MOST_CLIENTS + " clients already")
                    .correction(Advice.of("Remove some: ")
                            .then(Remedy.of(Verb.CLIENT_LS))
                            .then(", ")
                            .then(Remedy.of(Verb.CLIENT_REMOVE, "CLIENT")));
        }
        save(next);
        LOG.info(LogLine.of("client-set", "client", client.client()));
        return client;
    }

    /** Takes all rights from a client. Does nothing if it has none. */
    synchronized void remove(String name) {
        Map<String, Client> next = new TreeMap<>(clients);
        if (next.remove(name.toLowerCase(Locale.ROOT)) != null) {
            save(next);
            LOG.info(LogLine.of("client-removed", "client", name));
        }
    }

    private void save(Map<String, Client> next) {
        try {
            file.write(Json.write(new Kept(List.copyOf(next.values()))) + "\n");
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The clients cannot be kept in " + file + ": " + e.getMessage(), e);
        }
        clients = next;
    }
}
