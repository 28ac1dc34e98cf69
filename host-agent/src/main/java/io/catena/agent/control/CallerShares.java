package io.catena.agent.control;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Places for work that takes long: so many for all callers, and fewer for each of them, so that none keeps the others out.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class CallerShares {
    private final String work;
    private final int most;
    private final int mostOfOne;

    /** By the name of the caller, without those who have no place. Guarded by this, as is the number of all. */
    private final Map<String, Integer> taken = new HashMap<>();

    private int all;

    /** A place that somebody has. */
    public static final class Place {
        private final CallerShares shares;
        private final String caller;
        private boolean given = true;

        private Place(CallerShares shares, String caller) {
            this.shares = shares;
            this.caller = caller;
        }

        /** Gives it back, once however often it is called. */
        public void close() {
            synchronized (shares) {
                if (given) {
                    given = false;
                    shares.leave(caller);
                }
            }
        }
    }

    /**
     * @param work what there are places for, as it stands behind a number: "disks are imported"
     */
    public CallerShares(String work, int most, int mostOfOne) {
        this.work = work;
        this.most = most;
        this.mostOfOne = mostOfOne;
    }

    /**
     * Takes a place for a caller.
     *
     * @throws SrException TRY_AGAIN if all are taken, or as many as one caller may have
     */
    public synchronized Place take(Caller caller) {
        Place place = tryToTake(caller);
        if (place == null) {
            throw refused(caller);
        }
        return place;
    }

    /** As {@link #take}; returns null if there is none. */
    public synchronized @Nullable Place tryToTake(Caller caller) {
        int own = taken.getOrDefault(caller.name(), 0);
        if (own >= mostOfOne || all >= most) {
            return null;
        }
        taken.put(caller.name(), own + 1);
        all++;
        return new Place(this, caller.name());
    }

    private SrException refused(Caller caller) {
        int own = taken.getOrDefault(caller.name(), 0);
        String why = own >= mostOfOne
                ? own + " " + work + " for " + caller.name() + " already, and no caller may have more at a time"
                : all + " " + work + " already";
        return new SrException(SrError.TRY_AGAIN, why).correction("Try again when one of these has ended.");
    }

    private synchronized void leave(String caller) {
        all--;
        taken.computeIfPresent(caller, (name, own) -> own == 1 ? null : own - 1);
    }
}
