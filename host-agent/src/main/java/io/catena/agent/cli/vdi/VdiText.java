package io.catena.agent.cli.vdi;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.Size;
import io.catena.agent.json.Json;
import io.catena.api.Hold;
import io.catena.api.Vdi;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Disks as people read of them. */
final class VdiText {
    private VdiText() {}

    /** Prints the id of the disk that the agent answered with. */
    static void printId(Session session, JsonElement answer) {
        session.print(answer, () -> Json.read(answer, Vdi.class).vdi().toString());
    }

    /** Returns keys as requests have them. */
    static JsonObject keys(@Nullable Map<String, String> keys) {
        JsonObject object = new JsonObject();
        if (keys != null) {
            keys.forEach(object::addProperty);
        }
        return object;
    }

    /** Returns all that is known of a disk, as the agent tells it, a line each. */
    static String facts(JsonElement disk) {
        Vdi vdi = Json.read(disk, Vdi.class);
        JsonObject space = disk.getAsJsonObject().getAsJsonObject("space");
        Facts facts = new Facts()
                .add("vdi", vdi.vdi())
                .add("name", vdi.name())
                .add("description", vdi.description())
                .add("sr", vdi.sr())
                .add("file", vdi.file())
                .add("format", vdi.file().endsWith(".raw") ? "raw" : "vhd")
                .add("size", Size.format(vdi.virtualSizeBytes()) + " (" + vdi.virtualSizeBytes() + " bytes)")
                .add("used", Size.format(vdi.physicalBytes()))
                .add("parent", vdi.parent())
                .add("depth", vdi.depth())
                .add("read-only", vdi.readOnly())
                .add("snapshot of", vdi.snapshotOf())
                .add("reset", vdi.resetOnBoot() ? "on boot" : null)
                .add("created", Facts.time(vdi.created()))
                .add("keys", vdi.keys().isEmpty() ? null : new TreeMap<>(vdi.keys()))
                .add("state", state(vdi))
                .add("held", held(vdi))
                .add("uri", vdi.export() == null ? null : vdi.export().uri())
                .add("device", vdi.export() == null ? null : vdi.export().device())
                .add("problem", vdi.problem());
        if (space != null) {
            facts.add("chain", Size.format(bytes(space, "chainBytes")) + ", shared nodes included")
                    .add("grows", space.has("bytesPerDay") ? Size.format(bytes(space, "bytesPerDay")) + " a day" : null)
                    .add("deleting", gain(space));
        }
        return facts.toString();
    }

    private static long bytes(JsonObject space, String field) {
        return space.get(field).getAsLong();
    }

    private static String gain(JsonObject space) {
        long later = bytes(space, "freesLaterBytes");
        return "gives back " + Size.format(bytes(space, "freesAtOnceBytes"))
                + (later == 0 ? "" : ", and " + Size.format(later) + " or more when it was merged");
    }

    /** Who holds a disk, if not only nobody in particular. */
    private static @Nullable String held(Vdi vdi) {
        boolean named = vdi.holds().stream().anyMatch(hold -> !hold.holder().equals(Hold.HOST));
        return named ? vdi.holds().stream().map(Hold::text).collect(Collectors.joining(", ")) : null;
    }

    /** Returns whether a disk is attached, and how. */
    static String state(Vdi vdi) {
        String state = vdi.state().name().toLowerCase(Locale.ROOT);
        return vdi.export() == null ? state : state + " " + vdi.export().mode().symbol();
    }
}
