package io.catena.agent.cli.vhd;

import io.catena.tool.BlockInfo;
import io.catena.tool.ParentInfo;
import io.catena.tool.VhdInfo;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What {@code catena vhd info} prints for people: a line for each fact. */
final class InfoText {
    private final StringBuilder text = new StringBuilder();

    private InfoText() {}

    static String of(VhdInfo info) {
        InfoText text = new InfoText();
        text.disk(info);
        if (info.blocks() != null) {
            text.blocks(info.blocks());
        }
        if (info.parent() != null) {
            text.parent(info.parent());
        }
        text.line("chain depth", info.chainDepth());
        return text.text.toString();
    }

    private void disk(VhdInfo info) {
        line("file", info.file());
        line("type", info.type().name().toLowerCase(Locale.ROOT));
        line("virtual size", info.virtualSizeBytes() + " bytes");
        line("original size", info.originalSizeBytes() + " bytes");
        line("file size", info.fileSizeBytes() + " bytes");
        line("unique id", info.uniqueId());
        line("created", info.created());
        line("creator", info.creator().application() + " " + info.creator().version());
        VhdInfo.Geometry shape = info.geometry();
        line("geometry", shape.cylinders() + "/" + shape.heads() + "/" + shape.sectorsPerTrack());
        line("hidden", info.hidden());
        line("saved state", info.savedState());
        line("footers", info.footers().name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }

    private void blocks(BlockInfo blocks) {
        line("block size", blocks.blockSizeBytes() + " bytes");
        line("blocks", blocks.allocated() + " of " + blocks.blocks() + " allocated, room for " + blocks.tableEntries());
        line("batmap", blocks.batmap());
        line("marker", blocks.marker());
    }

    private void parent(ParentInfo parent) {
        line("parent id", parent.raw() ? "none, it is raw" : parent.id());
        line("parent name", parent.name());
        line("parent changed", parent.timestamp());
        for (ParentInfo.Locator locator : parent.locators()) {
            line("locator " + locator.platform(), locator.path() == null ? "unreadable" : locator.path());
        }
        line("parent file", parent.file());
        line("problem", parent.problem());
    }

    private void line(String name, @Nullable Object value) {
        if (value != null) {
            text.append(String.format(Locale.ROOT, "%-14s  %s%n", name, value));
        }
    }
}
