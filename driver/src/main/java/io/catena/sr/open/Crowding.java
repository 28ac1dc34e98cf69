package io.catena.sr.open;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import io.catena.sr.tree.Aside;
import io.catena.store.MemoryShortageException;
import io.catena.store.TooManyNamesException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether an SR's directory has become too crowded to be looked through while the SR is attached: then it goes by what was known
 * before, and serves that.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class Crowding {
    private static final Logger LOG = System.getLogger(Crowding.class.getName());

    static final Advice CURE = Advice.of(
            "Move what does not belong there to another directory, then scan the SR. Until then files that are new"
                    + " or were changed by others are not seen; its disks are served as before.");

    private volatile @Nullable String reason;

    /**
     * Takes a look at the directory; if that is not possible, what was known stays.
     *
     * @return whether it was possible
     */
    boolean look(Aside.Step look) throws IOException {
        try {
            look.take();
            reason = null;
            return true;
        } catch (TooManyNamesException | MemoryShortageException e) {
            reason = e.getMessage();
            LOG.log(Level.WARNING, LogLine.of("directory-crowded", "cause", e.getMessage()));
            return false;
        }
    }

    /**
     * Makes sure that the last look was possible.
     *
     * @throws SrException if it was not
     */
    void refuse(String what) {
        String told = reason;
        if (told != null) {
            throw new SrException(SrError.SR_UNAVAILABLE, what + ": " + told).correction(CURE);
        }
    }

    /** Returns what was found when the last look was not possible. */
    Optional<String> reason() {
        return Optional.ofNullable(reason);
    }
}
