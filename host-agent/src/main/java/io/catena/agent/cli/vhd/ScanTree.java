package io.catena.agent.cli.vhd;

import com.google.gson.JsonObject;
import io.catena.api.ChainNode;
import io.catena.api.TreeNode;
import io.catena.tool.ScannedVhd;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The result of a scan as a tree for people, and as JSON. */
final class ScanTree {
    private static final String CIRCLE = "circle";

    private final Map<Path, List<ScannedVhd>> children = new HashMap<>();
    private final List<ChainNode> nodes = new ArrayList<>();

    private ScanTree() {}

    /** Returns the files that build on no other as roots; one in a circle of parents is a root without children. */
    static List<TreeNode> of(List<ScannedVhd> files) {
        return TreeNode.of(new ScanTree().upwards(files));
    }

    private record Place(ScannedVhd file, int depth) {}

    /** Chains may be as long as there are files: so what is above waits in a list. */
    private List<ChainNode> upwards(List<ScannedVhd> files) {
        Deque<Place> open = new ArrayDeque<>();
        for (ScannedVhd file : files) {
            Path parent = parent(file);
            if (parent == null) {
                open.add(new Place(file, 1));
            } else {
                children.computeIfAbsent(parent, p -> new ArrayList<>()).add(file);
            }
        }
        while (!open.isEmpty()) {
            Place next = open.remove();
            List<ScannedVhd> above = children.getOrDefault(next.file.file(), List.of());
            above.forEach(child -> open.add(new Place(child, next.depth + 1)));
            nodes.add(node(next, above.size()));
        }
        return nodes;
    }

    private static @Nullable Path parent(ScannedVhd file) {
        boolean isInCircle = file.problem() != null && file.problem().contains(CIRCLE);
        return isInCircle ? null : file.parent();
    }

    private static ChainNode node(Place place, int children) {
        ScannedVhd file = place.file;
        Path parent = parent(file);
        return new ChainNode(
                null,
                file.file().toString(),
                parent == null ? null : parent.toString(),
                place.depth,
                children,
                "",
                file.virtualSizeBytes(),
                file.fileSizeBytes(),
                file.hidden(),
                note(file));
    }

    private static String note(ScannedVhd file) {
        if (file.problem() != null) {
            return file.problem();
        }
        String hidden = file.hidden() ? "base copy" : "";
        boolean missing = file.parentName() != null && file.parent() == null;
        String parent = missing ? "parent " + file.parentName() + " is not among these" : "";
        boolean marked = file.marker() != null && file.marker() != 0;
        String marker = marked ? "marker " + file.marker() : "";
        return Stream.of(hidden, marker, parent).filter(note -> !note.isEmpty()).collect(Collectors.joining(", "));
    }

    static JsonObject json(ScannedVhd file) {
        JsonObject json = new JsonObject();
        json.addProperty("file", file.file().toString());
        if (file.type() != null) {
            json.addProperty("type", file.type().name().toLowerCase(Locale.ROOT));
            json.addProperty("virtualSizeBytes", file.virtualSizeBytes());
            json.addProperty("fileSizeBytes", file.fileSizeBytes());
            json.addProperty("hidden", file.hidden());
            json.addProperty("marker", file.marker());
        }
        add(json, "uniqueId", file.uniqueId());
        add(json, "parentId", file.parentId());
        add(json, "parentName", file.parentName());
        add(json, "parent", file.parent());
        add(json, "problem", file.problem());
        return json;
    }

    private static void add(JsonObject json, String name, @Nullable Object value) {
        if (value != null) {
            json.addProperty(name, value.toString());
        }
    }
}
