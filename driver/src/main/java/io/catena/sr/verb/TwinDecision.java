package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import java.io.IOException;
import java.util.List;

/** Decides which of several files that claim to be the same disk is that disk. */
public final class TwinDecision {
    private TwinDecision() {}

    /**
     * Decides that a file is the disk that others claim to be, too; those show as disks of their own from then on. To be
     * called under the tree lock; the tree is to be read anew afterwards.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if there is no such contradiction
     */
    public static void keep(OpenSr sr, String file) throws IOException {
        Node node = sr.tree.now().node(file).orElseThrow(() -> none(sr, file));
        List<Node> rivals = sr.tree.now().rivals(node);
        if (rivals.isEmpty()) {
            throw none(sr, file);
        }
        sr.use.checkDetached(node.id());
        for (Node rival : rivals) {
            sr.use.checkDetached(rival.id());
        }
        VdiId disk = node.claimedId();
        VdiRecord record = sr.records.get(disk, SrFiles.stem(file));
        sr.records.write(
                disk, record.withFile(file, rivals.stream().map(Node::name).toList()));
    }

    private static SrException none(OpenSr sr, String file) {
        return new SrException(SrError.BAD_REQUEST, file + " is no file that claims to be the same disk as another")
                .correction("See which do: ", Remedy.of(Verb.SR_CHECK, sr.settings.id()));
    }
}
