package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads from a request what disk is to be made. */
public final class NewDiskBody {
    private NewDiskBody() {}

    /** {"sizeBytes", "name"?, "description"?, "uuid"? or "clientName"?, "raw"?, "keys"?} */
    public static VdiSpec of(Body body, SrId sr) {
        return of(body, chosenId(body, sr), "");
    }

    /** {"sizeBytes", "name"?, "description"?, "raw"?, "keys"?} of a disk that a client gave a name of its own. */
    public static VdiSpec named(String clientName, Body body, SrId sr) {
        return of(body, VdiId.ofClientName(sr, clientName), clientName);
    }

    private static VdiSpec of(Body body, @Nullable VdiId id, String usualName) {
        VdiSpec spec = new VdiSpec(
                body.number("sizeBytes"),
                body.optionalString("name").orElse(usualName),
                body.optionalString("description").orElse(""),
                id,
                body.flag("raw"),
                body.stringMap("keys"));
        body.nothingElse();
        return spec;
    }

    private static @Nullable VdiId chosenId(Body body, SrId sr) {
        Optional<VdiId> chosen = body.optionalString("uuid").map(VdiId::parse);
        Optional<VdiId> named = body.optionalString("clientName").map(clientName -> VdiId.ofClientName(sr, clientName));
        if (chosen.isPresent() && named.isPresent()) {
            throw new SrException(SrError.BAD_REQUEST, "Both \"uuid\" and \"clientName\" are given, which say the same")
                    .correction("Leave out one of them.");
        }
        return chosen.or(() -> named).orElse(null);
    }
}
