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
import io.catena.api.VdiId;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What administrators can say of those who show a certificate. */
public final class ClientRoutes {
    private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}/*]{1,200}");

    private final Clients clients;
    private final Names names;

    public ClientRoutes(Clients clients, StorageHost host) {
        this.clients = clients;
        names = new Names(host);
    }

    public List<Route> all() {
        return List.of(
                Route.get("listClients", "/v1/clients", call -> clients.list()).by(Role.ADMIN),
                Route.of("PUT", "setClient", "/v1/clients/{client}", this::set).by(Role.ADMIN),
                Route.of("DELETE", "removeClient", "/v1/clients/{client}", this::remove)
                        .by(Role.ADMIN));
    }

    /** {"role"?, "srs"?: [...], "vdis"?: [...], "labels"?: {...}, "everything"?, "readOnly"?} */
    private Object set(Call call) {
        Body body = call.body();
        String name = call.variable().toLowerCase(Locale.ROOT);
        Role role = body.optionalString("role").map(ClientRoutes::role).orElse(null);
        List<SrId> srs = strings(body, "srs").stream().map(names::sr).distinct().toList();
        List<VdiId> vdis = strings(body, "vdis").stream()
                .map(vdi -> names.vdi(vdi).vdi())
                .distinct()
                .toList();
        Map<String, String> labels = body.stringMap("labels");
        boolean everything = body.flag("everything");
        boolean readOnly = body.flag("readOnly");
        body.nothingElse();
        check(name, role, srs);
        return clients.put(new Client(name, role, srs, vdis, labels, everything, readOnly));
    }

    private static void check(String name, @Nullable Role role, List<SrId> srs) {
        if (!NAME.matcher(name).matches()) {
            throw new SrException(
                    SrError.BAD_REQUEST, "A client is a name in a certificate, of 1 to 200 characters, without \"/\"");
        }
        if (role == Role.ADMIN && !srs.isEmpty()) {
            throw new SrException(SrError.BAD_REQUEST, "An administrator cannot be one for some SRs only")
                    .correction("Take the role operator.");
        }
    }

    private static List<String> strings(Body body, String field) {
        return body.has(field) ? body.strings(field) : List.of();
    }

    private static Role role(String text) {
        try {
            return Role.parse(text);
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, "\"role\": " + e.getMessage(), e).field("role");
        }
    }

    private Object remove(Call call) {
        clients.remove(call.variable());
        return Map.of("client", call.variable());
    }
}
