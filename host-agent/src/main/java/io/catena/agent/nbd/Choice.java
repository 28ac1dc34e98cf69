package io.catena.agent.nbd;

import io.catena.agent.nbd.context.Changes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The exports that a client may choose from. Safe for use by many threads. */
interface Choice {
    /** Returns what is served under a name; null if there is no such export, or no longer. */
    @Nullable
    NbdExport find(String name);

    /** Waits for an export that is on its way, for some seconds at most. */
    default void await(String name) {}

    /** As {@link #await}, for all exports that are. */
    default void awaitAll() {}

    /** Returns why nothing is served under a name, for the client. */
    Refusal absence(String name);

    /**
     * Why a client does not get an export.
     *
     * @param error the type of reply
     */
    record Refusal(int error, String text) {}

    /** Returns the names of all that is served, sorted. */
    List<String> names();

    /** Returns what tells changes of the disks that are served. */
    Changes changes();

    /** One export, under whatever name: for a client that was sent to it by other means. */
    record One(Choice all, String name) implements Choice {
        @Override
        public @Nullable NbdExport find(String anyName) {
            return all.find(name);
        }

        @Override
        public void await(String anyName) {
            all.await(name);
        }

        @Override
        public void awaitAll() {
            all.await(name);
        }

        @Override
        public Refusal absence(String anyName) {
            return all.absence(name);
        }

        @Override
        public List<String> names() {
            return all.find(name) == null ? List.of() : List.of(name);
        }

        @Override
        public Changes changes() {
            return all.changes();
        }
    }
}
