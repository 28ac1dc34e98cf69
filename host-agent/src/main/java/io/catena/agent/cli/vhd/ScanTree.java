package io.catena.agent.cli.vhd;

import com.google.gson.JsonObject;
import io.catena.api.TreeNode;
import io.catena.tool.ScannedVhd;
import java.nio.file.Path;
import java.util.ArrayList;
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

    private ScanTree() {}

    /** Returns the files that build on no other as roots; one in a circle of parents is a root without children. */
    static List<TreeNode> of(List<ScannedVhd> files) {
        ScanTree tree = new ScanTree();
        List<ScannedVhd> roots = new ArrayList<>();
        for (ScannedVhd file : files) {
            Path parent = isRoot(file) ? null : file.parent();
            if (parent == null) {
                roots.add(file);
            } else {
                tree.children.computeIfAbsent(parent, p -> new ArrayList<>()).add(file);
            }
        }
        return roots.stream().map(tree::node).toList();
    }

    private static boolean isRoot(ScannedVhd file) {
        return file.parent() == null
                || (file.problem() != null && file.problem().contains(CIRCLE));
    }

    private TreeNode node(ScannedVhd file) {
        List<TreeNode> below = children.getOrDefault(file.file(), List.of()).stream()
                .map(this::node)
                .toList();
        return new TreeNode(
                null,
                file.file().toString(),
                "",
                file.virtualSizeBytes(),
                file.fileSizeBytes(),
                file.hidden(),
                note(file),
                below);
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
