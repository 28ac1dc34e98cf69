package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.RawParents;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Decides which of several files that claim to be the same disk is that disk, or that one is though it was another once. */
public final class TwinDecision {
    private TwinDecision() {}

    /**
     * Decides that a file is the disk that others claim to be, too, which show as disks of their own from then on; or that it
     * is the disk though its file was another one when it was seen last; or that it may build on a raw file. To be called by a change, which reads the tree
     * anew afterwards.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if there is no such contradiction
     */
    public static void keep(OpenSr sr, String file) throws IOException {
        Node node = sr.tree.now().node(file).orElseThrow(() -> none(sr, file));
        List<Node> rivals = sr.tree.now().rivals(node);
        boolean isOther = sr.tree.now().replacement(node).isPresent();
        Optional<Node> raw =
                node.problem() == null ? Optional.empty() : sr.tree.now().rawParent(node);
        if (raw.isPresent()) {
            sr.tree.concern(List.of(node));
            sr.tree.aside(() -> allow(sr, raw.get()));
            return;
        }
        if (rivals.isEmpty() && !isOther) {
            throw none(sr, file);
        }
        sr.tree.concern(List.of(node));
        sr.tree.concern(rivals);
        sr.use.checkDetached(node.id());
        sr.tree.accept(file);
        if (!rivals.isEmpty()) {
            decide(sr, node, rivals);
        }
    }

    private static void decide(OpenSr sr, Node node, List<Node> rivals) throws IOException {
        for (Node rival : rivals) {
            sr.use.checkDetached(rival.id());
        }
        VdiId disk = node.claimedId();
        VdiRecord record = sr.records.get(disk, SrFiles.stem(node.name()));
        VdiRecord decided =
                record.withFile(node.name(), rivals.stream().map(Node::name).toList());
        sr.tree.aside(() -> sr.records.write(disk, decided));
    }

    private static void allow(OpenSr sr, Node raw) throws IOException {
        new RawParents(sr.storage).allow(raw.id());
        sr.storage.syncNames();
    }

    private static SrException none(OpenSr sr, String file) {
        return new SrException(SrError.BAD_REQUEST, file + " is no file of which it is in doubt whether it is the disk")
                .correction("See which do: ", Remedy.of(Verb.SR_CHECK, sr.settings.id()));
    }
}
