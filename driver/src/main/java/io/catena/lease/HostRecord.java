package io.catena.lease;

import io.catena.log.LogLine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The note by which a host shows that it lives.
 *
 * @param host a UUID, the same as long as the host runs
 * @param name for humans
 * @param incarnation a UUID, new with each session
 * @param url where the host's agent takes requests of other agents; empty if nowhere
 * @param minProtocol the oldest protocol between agents that this one speaks
 * @param maxProtocol the newest
 * @param counter grows with each renewal
 * @param since when the session began, in ISO 8601, for humans; null if the host does not say
 */
public record HostRecord(
        String host,
        String name,
        String incarnation,
        String url,
        int minProtocol,
        int maxProtocol,
        long counter,
        @Nullable String since) {
    private static final Logger LOG = System.getLogger(HostRecord.class.getName());

    /**
     * @throws RuntimeException if a file says what cannot be
     */
    public HostRecord {
        host = UUID.fromString(host).toString();
        incarnation = UUID.fromString(incarnation).toString();
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(url, "url");
    }

    /** Which versions of the protocol between agents the host speaks. */
    public Protocols protocols() {
        return new Protocols(minProtocol, maxProtocol);
    }

    /** The note of a session that begins. */
    public static HostRecord of(UUID host, String name, UUID incarnation) {
        return new HostRecord(
                host.toString(), name, incarnation.toString(), "", Protocols.OURS.min(), Protocols.OURS.max(), 0, null);
    }

    /** Returns this of a host that speaks these versions. */
    public HostRecord speaking(Protocols protocols) {
        return new HostRecord(host, name, incarnation, url, protocols.min(), protocols.max(), counter, since);
    }

    /** Returns this of a host whose agent other agents can reach. */
    public HostRecord at(String address) {
        return new HostRecord(host, name, incarnation, address, minProtocol, maxProtocol, counter, since);
    }

    /** Returns this of a session that began at some time. */
    public HostRecord since(String time) {
        return new HostRecord(host, name, incarnation, url, minProtocol, maxProtocol, counter, time);
    }

    /** Returns what is written at the next renewal. */
    HostRecord renewed() {
        return new HostRecord(host, name, incarnation, url, minProtocol, maxProtocol, counter + 1, since);
    }

    /** Returns the key of this note. */
    public String key() {
        return LeaseKeys.host(UUID.fromString(host), UUID.fromString(incarnation));
    }

    /** Returns who this is. */
    public Holder holder() {
        return new Holder(host, name, incarnation);
    }

    String encode() {
        return JsonRecords.encode(this);
    }

    /** Reads a note. */
    public static HostRecord decode(String key, String text) throws IOException {
        return JsonRecords.decode(key, text, HostRecord.class);
    }

    /**
     * Reads the notes of hosts, by their keys. One that cannot be read, or that is of another host than its key says, tells nothing:
     * it must not hide the others.
     */
    public static Map<String, HostRecord> all(Map<String, String> notes) {
        Map<String, HostRecord> records = new TreeMap<>();
        notes.forEach((key, text) -> {
            try {
                HostRecord record = decode(key, text);
                if (record.key().equals(key)) {
                    records.put(key, record);
                }
            } catch (IOException e) {
                LOG.log(Level.WARNING, LogLine.of("host-note-unreadable", "note", key, "cause", e.getMessage()));
            }
        });
        return records;
    }
}
