package io.catena.agent.api.auth;

import io.catena.agent.control.Role;
import io.catena.api.SrId;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of a token. The secret itself is known to nobody but its holder.
 *
 * @param id the part of it that may be shown
 * @param name what it is for
 * @param srs the only SRs that there are for its holder; all of them if it is empty
 * @param expires null for never
 * @param parent the token whose holder got this one by logging in; null for one that an administrator made
 * @param sha256 of the whole token, as hexadecimal digits
 */
record Token(
        String id,
        String name,
        Role role,
        List<SrId> srs,
        Instant created,
        @Nullable Instant expires,
        @Nullable String parent,
        String sha256) {
    Token {
        srs = List.copyOf(srs);
    }

    boolean isExpired(Instant now) {
        return expires != null && !now.isBefore(expires);
    }
}
