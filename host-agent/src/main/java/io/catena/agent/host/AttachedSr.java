package io.catena.agent.host;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.JobIntents;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An open SR, as its owner sees it. Safe for use by many threads. */
public interface AttachedSr extends Closeable {
    /** Returns its identity. */
    SrId id();

    /** Returns what its owner calls it. */
    String name();

    /** Returns the operations on its disks. */
    StorageRepository repository();

    /**
     * Lets a holder have a disk again that it had before the agent was started anew.
     *
     * @param mode as what it was attached
     * @param active as what it was active; null if it was not
     */
    default void restore(VdiId vdi, String holder, AccessMode mode, @Nullable AccessMode active) {
        repository().attach(vdi, holder, mode);
        if (active != null) {
            repository().activate(vdi, holder, active);
        }
    }

    /** Does what could wait until guests had their disks again. To be called once, also if there were none. */
    default void restored() {}

    /**
     * Hears that who has which disks attached has changed; before whoever changed it is answered.
     *
     * @throws io.catena.api.SrException if it cannot be kept
     */
    default void holdsChanged() {}

    /**
     * Lets a holder take a disk; what hosts have of it that are dead is theirs no more.
     *
     * @param holder who takes it
     * @param work takes it
     * @throws io.catena.api.SrException of {@code work}; if another host has the disk, with what is known of that host
     */
    default Export taking(VdiId vdi, String holder, Supplier<Export> work) {
        return work.get();
    }

    /** Waits, but not for ever, until disks have all that was answered to guests of other hosts. */
    default void awaitComplete(Collection<VdiId> vdis) {}

    /** Whether it lies on a server that may be away. */
    default boolean isRemote() {
        return false;
    }

    /** Returns why changes wait now, for nobody knows how long; empty if they do not. Waits for nothing. */
    default Optional<String> away() {
        return Optional.empty();
    }

    /** Gives up all that this host has attached of an SR that another host has; does nothing if this one has it. */
    default void giveUp() {}

    /** Returns its jobs that are to be begun again if they do not come to their end. */
    JobIntents jobIntents();

    /**
     * Removes what makes the directory an SR, and closes. The caller saw that there are no disks; files that are not the
     * SR's own stay.
     */
    void destroy() throws IOException;

    /**
     * Ends all exports after the last request that was answered, makes all writes durable, and lets go of the
     * directory.
     */
    @Override
    void close() throws IOException;
}
