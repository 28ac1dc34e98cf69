package io.catena.sr.verb;

import io.catena.api.ContentOrigin;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import java.util.List;
import java.util.UUID;

/**
 * Finds the disk that holds the content on which a stream of changes builds. A snapshot made here has the content that streams
 * call by its id. A disk made of a stream has that stream's content, as long as its record says so.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
final class BaseFinder {
    private final OpenSr sr;

    BaseFinder(OpenSr sr) {
        this.sr = sr;
    }

    /** Returns the base of a content that has a parent. */
    VdiId find(UUID parent, ContentOrigin origin) {
        VdiId chosen = origin.base();
        if (chosen == null) {
            return onlyOne(parent);
        }
        Node node = sr.view.visible(chosen);
        if (!origin.forced() && !holds(node, parent)) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The stream holds what changed since content " + parent + ", and VDI " + chosen
                                    + " is not known to hold that" + knownContent(node))
                    .correction("Import the stream before this one first, or take the snapshot that was the base of the"
                            + " export. If you are sure of the base: --force.");
        }
        return chosen;
    }

    private String knownContent(Node node) {
        UUID origin = sr.view.record(node).originId();
        return origin == null ? "" : ", but content " + origin;
    }

    private VdiId onlyOne(UUID parent) {
        List<VdiId> found = sr.tree.now().nodes().stream()
                .filter(node -> !node.hidden() && holds(node, parent))
                .map(Node::id)
                .toList();
        if (found.size() != 1) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The stream holds what changed since content " + parent + ", which "
                                    + (found.isEmpty()
                                            ? "no disk of SR " + sr.settings.name() + " is known to hold"
                                            : "several disks hold: " + found))
                    .correction(
                            found.isEmpty()
                                    ? Advice.of("Import the stream that it builds on first; or merge both: ")
                                            .then(Remedy.of(Verb.VHD_COALESCE))
                                    : Advice.of("Choose one of them: ")
                                            .then(Remedy.of(Verb.VDI_IMPORT, sr.settings.id())
                                                    .with("base", "VDI")));
        }
        return found.get(0);
    }

    private boolean holds(Node node, UUID content) {
        VdiRecord record = sr.view.record(node);
        boolean isThatSnapshot = record.snapshotOf() != null && node.id().uuid().equals(content);
        return isThatSnapshot || content.equals(record.originId());
    }
}
