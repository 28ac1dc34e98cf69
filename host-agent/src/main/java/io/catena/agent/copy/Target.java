package io.catena.agent.copy;

import io.catena.agent.control.Body;
import org.jspecify.annotations.Nullable;

/**
 * Where a copy goes.
 *
 * @param url of the other agent's API
 * @param sr the SR there, by its id or name
 * @param token lets this agent in; null if its certificate does
 * @param authorities who signs the other agent's certificate, in PEM; null for those that this agent trusts anyway
 */
public record Target(
        String url,
        String sr,
        @Nullable String token,
        @Nullable String authorities) {
    /** {"url", "sr", "token"?, "authorities"?} */
    public static Target of(Body body) {
        return new Target(
                body.string("url"),
                body.string("sr"),
                body.optionalString("token").orElse(null),
                body.optionalString("authorities").orElse(null));
    }
}
