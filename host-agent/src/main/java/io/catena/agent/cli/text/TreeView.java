package io.catena.agent.cli.text;

import io.catena.api.TreeNode;
import java.util.List;

/** Draws the nodes of an SR as a tree, with their sizes. */
public final class TreeView {
    private final String branch;
    private final String last;
    private final String trunk;

    /**
     * @param unicode whether the terminal can show line-drawing characters
     */
    public TreeView(boolean unicode) {
        branch = unicode ? "├─ " : "|- ";
        last = unicode ? "└─ " : "`- ";
        trunk = unicode ? "│  " : "|  ";
    }

    /** Returns the drawing, each line with its line end. */
    public String draw(List<TreeNode> roots) {
        StringBuilder text = new StringBuilder();
        for (TreeNode root : roots) {
            draw(text, root, "", "");
        }
        return text.toString();
    }

    private void draw(StringBuilder text, TreeNode node, String lead, String below) {
        text.append(lead).append(describe(node)).append('\n');
        List<TreeNode> children = node.children();
        for (int i = 0; i < children.size(); i++) {
            boolean isLast = i == children.size() - 1;
            draw(text, children.get(i), below + (isLast ? last : branch), below + (isLast ? "   " : trunk));
        }
    }

    private static String describe(TreeNode node) {
        String id = node.id() == null ? node.file() : node.id().toString();
        String name = node.name().isEmpty() ? "" : " " + node.name();
        String sizes = "  " + Size.format(node.physicalBytes()) + " of " + Size.format(node.virtualSizeBytes());
        String note = node.note().isEmpty() ? "" : "  (" + node.note() + ")";
        return Table.printable(id + name + sizes + note);
    }
}
