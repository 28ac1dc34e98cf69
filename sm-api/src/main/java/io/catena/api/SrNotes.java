package io.catena.api;

import java.util.List;
import java.util.Optional;

/**
 * Small texts of an agent that belong to an SR and go where it goes, also to another host. Each is replaced whole: a crash leaves
 * the old text or the new.
 *
 * <p><b>Errors.</b> {@link SrException}; {@link SrError#BAD_REQUEST} for a name that is not one of lower-case letters, digits,
 * hyphens and dots. <b>Threads.</b> Safe for use by many threads.
 */
public interface SrNotes {
    /** Returns the names of all notes, sorted. */
    List<String> names();

    /** Returns a note; nothing if there is none. */
    Optional<String> read(String name);

    /** Makes or replaces a note; durable when this returns. */
    void write(String name, String text);

    /** Removes a note; durable when this returns. Does nothing if there is none. */
    void delete(String name);

    /**
     * Returns the agent of another host that keeps these texts and acts by them; empty if this one does. While there is one, the
     * other methods throw {@link SrError#UNIMPLEMENTED}.
     */
    default Optional<Keeper> keeper() {
        return Optional.empty();
    }

    /** The agent of another host; questions and answers are JSON. Throws {@link SrException}. */
    interface Keeper {
        /** Asks for what changes nothing. */
        String look(String question);

        /** Asks for a change. */
        String change(String question);
    }
}
