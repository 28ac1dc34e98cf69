package io.catena.agent.api.auth;

import io.catena.agent.control.Role;
import io.catena.api.SrId;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is told of a token.
 *
 * @param lastUsed since the agent was started; null if it was not
 * @param token the whole of it, once, to whom it is given; null ever after
 */
public record TokenView(
        String id,
        String name,
        Role role,
        List<SrId> srs,
        Instant created,
        @Nullable Instant expires,
        @Nullable Instant lastUsed,
        @Nullable String token) {
    public TokenView {
        srs = List.copyOf(srs);
    }
}
