package io.catena.agent.host;

import io.catena.agent.host.HostState.KnownSr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** The {@link HostState} that was saved last. Safe for use by many threads; reading it waits for nobody. */
final class SavedState {
    private final HostStateFile file;

    /** Replaced whole, by holders of this only, after it was saved. */
    private volatile HostState state;

    /**
     * @throws IOException if the saved state cannot be read
     */
    SavedState(Path path) throws IOException {
        file = new HostStateFile(path);
        state = file.load();
    }

    HostState get() {
        return state;
    }

    /**
     * Returns an SR that this host has seen.
     *
     * @throws SrException {@link SrError#SR_UNAVAILABLE} if it has not
     */
    KnownSr known(SrId id) {
        return state.find(id)
                .orElseThrow(() -> new SrException(SrError.SR_UNAVAILABLE, "There is no SR " + id + " on this host")
                        .correction(Advice.of("See: ")
                                .then(Remedy.of(Verb.SR_LS))
                                .then("; or attach it by its directory: ")
                                .then(Remedy.of(Verb.SR_ATTACH, "DIR"))));
    }

    /** Changes the state; the new one is durable when this returns. If it cannot be saved the old one stays. */
    synchronized void change(UnaryOperator<HostState> change) {
        HostState next = change.apply(state);
        if (Objects.equals(next, state)) {
            return;
        }
        try {
            file.save(next);
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The agent's state cannot be saved in " + file, e)
                    .correction("Make room in the agent's run directory.");
        }
        state = next;
    }
}
