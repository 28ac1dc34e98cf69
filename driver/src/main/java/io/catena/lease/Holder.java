package io.catena.lease;

import java.util.Objects;
import java.util.UUID;

/**
 * Who holds something: a host, during one session.
 *
 * @param host a UUID
 * @param name the host's name, for humans
 * @param incarnation a UUID
 */
public record Holder(String host, String name, String incarnation) {
    /**
     * @throws RuntimeException if a file says what cannot be
     */
    public Holder {
        host = UUID.fromString(host).toString();
        incarnation = UUID.fromString(incarnation).toString();
        Objects.requireNonNull(name, "name");
    }

    /** Returns the key of the note by which this shows that it lives. */
    public String note() {
        return LeaseKeys.host(UUID.fromString(host), UUID.fromString(incarnation));
    }

    /** Returns the key of the note that this was ended by force. */
    public String fencedNote() {
        return LeaseKeys.fenced(UUID.fromString(host), UUID.fromString(incarnation));
    }

    /** Returns the host for humans. */
    public String text() {
        return name.isEmpty() ? host : name;
    }
}
