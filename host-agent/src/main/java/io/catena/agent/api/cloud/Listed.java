package io.catena.agent.api.cloud;

/** An element of a list that can tell, without being turned into JSON, what it is sorted and filtered by. */
public interface Listed {
    /** Returns what tells it apart. */
    String id();

    /** Returns its name; empty if it has none. */
    String name();
}
