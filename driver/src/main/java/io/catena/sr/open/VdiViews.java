package io.catena.sr.open;

import io.catena.api.Export;
import io.catena.api.SrId;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.Holds;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Shows nodes as disks. Of a disk that nobody has attached, and of which nothing has changed, what was told last is told again:
 * of ten thousand disks that is nearly all.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class VdiViews {
    static final Comparator<Vdi> ORDER = Comparator.comparing(Vdi::name).thenComparing(Vdi::vdi);

    private final SrId sr;
    private final SrView view;
    private final Attachments attachments;
    private final Holds holds;
    private final NodeSizes sizes;
    private final Map<VdiId, Seen> seen = new ConcurrentHashMap<>();

    /**
     * What a tree alone says of a node.
     *
     * @param parent of a node of this SR
     * @param isParent whether others build on it
     * @param problem why its chain cannot be used
     */
    private record Fact(
            int depth,
            @Nullable VdiId parent,
            boolean isParent,
            @Nullable String problem) {
        static Fact of(Tree tree, Node node) {
            return new Fact(
                    tree.depth(node),
                    tree.parent(node).map(Node::id).orElse(null),
                    !tree.children(node.name()).isEmpty(),
                    tree.problem(node).orElse(null));
        }
    }

    /** A disk that nobody has attached, and what it was made from. */
    private record Seen(Node node, VdiRecord record, Fact fact, long physicalBytes, Vdi vdi) {
        @SuppressWarnings(
                "ReferenceEquality") // none of them changes; equal ones of different origin are looked at again
        boolean isOf(Node other, VdiRecord otherRecord, Fact otherFact, long otherBytes) {
            return node == other && record == otherRecord && physicalBytes == otherBytes && fact.equals(otherFact);
        }
    }

    VdiViews(SrId sr, SrView view, Attachments attachments, Holds holds, NodeSizes sizes) {
        this.sr = sr;
        this.view = view;
        this.attachments = attachments;
        this.holds = holds;
        this.sizes = sizes;
    }

    /** Returns all disks, sorted by name, then id. */
    List<Vdi> all(Tree now) {
        Set<VdiId> held = holds.vdis();
        List<Vdi> vdis = new ArrayList<>();
        for (Node node : now.nodes()) {
            if (!node.hidden()) {
                boolean used =
                        held.contains(node.id()) || attachments.get(node.id()).isPresent();
                Fact fact = Fact.of(now, node);
                vdis.add(used ? vdi(node, fact) : idle(node, fact));
            }
        }
        if (seen.size() > vdis.size()) {
            seen.keySet().retainAll(vdis.stream().map(Vdi::vdi).collect(Collectors.toSet()));
        }
        vdis.sort(ORDER);
        return vdis;
    }

    private Vdi idle(Node node, Fact fact) {
        VdiRecord record = view.record(node);
        long physicalBytes = sizes.known(node.name());
        Seen before = seen.get(node.id());
        if (before != null && before.isOf(node, record, fact, physicalBytes)) {
            return before.vdi;
        }
        Vdi vdi = vdi(node, fact);
        if (vdi.holds().isEmpty() && vdi.export() == null) {
            seen.put(node.id(), new Seen(node, record, fact, physicalBytes, vdi));
        }
        return vdi;
    }

    /** Returns one disk, as it is now. */
    Vdi vdi(Tree now, Node node) {
        return vdi(node, Fact.of(now, node));
    }

    private Vdi vdi(Node node, Fact fact) {
        VdiRecord record = view.record(node);
        return new Vdi(
                node.id(),
                record.name(),
                record.description(),
                sr,
                node.name(),
                node.sizeBytes(),
                sizes.known(node.name()),
                fact.parent(),
                fact.depth(),
                record.snapshotOf() != null || fact.isParent(),
                record.snapshotOfId(),
                record.allKeys(),
                record.isResetOnBoot(),
                record.createdAt(),
                fact.problem() != null ? Vdi.State.BROKEN : state(node.id()),
                holds.of(node.id()),
                export(node.id()).orElse(null),
                fact.problem());
    }

    /** A snapshot whose data was given up has no file, but all else. */
    Vdi withoutData(VdiId id, long sizeBytes) {
        VdiRecord record = view.record(id);
        return new Vdi(
                id,
                record.name(),
                record.description(),
                sr,
                "",
                sizeBytes,
                0,
                null,
                0,
                true,
                record.snapshotOfId(),
                record.allKeys(),
                false,
                record.createdAt(),
                Vdi.State.WITHOUT_DATA,
                List.of(),
                null,
                null);
    }

    Vdi.State state(VdiId id) {
        if (attachments.get(id).isPresent()) {
            return Vdi.State.ACTIVE;
        }
        return holds.of(id).isEmpty() ? Vdi.State.DETACHED : Vdi.State.ATTACHED;
    }

    /** Returns where a disk is served or will be, in the mode that it has now. */
    Optional<Export> export(VdiId id) {
        Optional<Export> active = attachments.get(id).map(Attachment::export);
        return active.isPresent() ? active : holds.export(id);
    }
}
