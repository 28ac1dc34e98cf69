package io.catena.agent.api.auth;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What administrators can ask about those who may come in. */
public final class TokenRoutes {
    private static final int MOST_ENTRIES = 1000;
    private static final int USUAL_ENTRIES = 100;
    private static final int MOST_NAME_CHARACTERS = 200;

    private final Tokens tokens;
    private final AuditLog audit;
    private final Names names;

    public TokenRoutes(Tokens tokens, AuditLog audit, StorageHost host) {
        this.tokens = tokens;
        this.audit = audit;
        names = new Names(host);
    }

    public List<Route> all() {
        return List.of(
                Route.get("listTokens", "/v1/tokens", call -> tokens.list()).by(Role.ADMIN),
                Route.post("createToken", "/v1/tokens", this::create)
                        .by(Role.ADMIN)
                        .answering(Route.CREATED),
                Route.of("DELETE", "revokeToken", "/v1/tokens/{token}", this::revoke)
                        .by(Role.ADMIN),
                Route.get("listAudit", "/v1/audit", this::audit).by(Role.ADMIN));
    }

    /** {"role", "name"?, "srs"?: [...], "seconds"?} */
    private Object create(Call call) {
        Body body = call.body();
        Role role = role(body.string("role"));
        String name = body.optionalString("name").orElse("");
        Set<SrId> srs = body.has("srs")
                ? Set.copyOf(body.strings("srs").stream().map(names::sr).toList())
                : Set.of();
        Long seconds = body.optionalNumber("seconds");
        body.nothingElse();
        if (name.length() > MOST_NAME_CHARACTERS) {
            throw new SrException(
                    SrError.BAD_REQUEST, "The name has more than " + MOST_NAME_CHARACTERS + " characters");
        }
        if (role == Role.ADMIN && !srs.isEmpty()) {
            throw new SrException(SrError.BAD_REQUEST, "An administrator's token cannot be for some SRs only")
                    .correction("Take the role operator.");
        }
        return tokens.create(name, role, srs, seconds == null ? null : lifetime(seconds));
    }

    private static Duration lifetime(long seconds) {
        long most = Duration.ofDays(36_500).toSeconds();
        if (seconds < 1 || seconds > most) {
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "\"seconds\" is " + seconds + ", expected 1 to " + most + ", or no such field");
        }
        return Duration.ofSeconds(seconds);
    }

    private static Role role(String text) {
        try {
            return Role.parse(text);
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, "\"role\": " + e.getMessage(), e).field("role");
        }
    }

    private Object revoke(Call call) {
        tokens.revoke(call.variable());
        return Map.of("token", call.variable());
    }

    private Object audit(Call call) {
        long most = call.parameters().number("limit", 1, MOST_ENTRIES).orElse((long) USUAL_ENTRIES);
        try {
            return audit.newest((int) most);
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The audit log cannot be read: " + e.getMessage(), e);
        }
    }
}
