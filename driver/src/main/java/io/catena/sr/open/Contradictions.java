package io.catena.sr.open;

import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.record.RawParents;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.record.VdiRecords;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.sr.tree.TreeScanner;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.Optional;

/**
 * Files that claim to be the same disk, or are not what they were. Which of them is served does not follow from the order of
 * their names: a disk's record names its file, and as long as another claims to be that disk neither is opened for writing,
 * until somebody decides.
 */
public final class Contradictions {
    private Contradictions() {}

    static Advice cure(String sr) {
        return Advice.of("Look at what is there (")
                .then(Remedy.of(Verb.VHD_INFO))
                .then("), then say which file is the disk: ")
                .then(Remedy.of(Verb.SR_CHECK, sr).with("repair").with("keep", "FILE"))
                .then("; or put back what was there, move away what was not, and scan the SR.");
    }

    /** At the first attach what is there is taken as it is: notes which raw files others build on. */
    static void allowRawParents(Storage storage) throws IOException {
        Tree tree = new TreeScanner(storage).scan();
        RawParents parents = new RawParents(storage);
        for (Node node : tree.nodes()) {
            Optional<Node> raw = tree.rawParent(node);
            if (raw.isPresent()) {
                parents.allow(raw.get().id());
            }
        }
        storage.syncNames();
    }

    /** Notes of the disks whose records do not name their files yet which these are, as far as there is no doubt. */
    static void complete(Storage storage, Tree tree) throws IOException {
        VdiRecords records = new VdiRecords(storage);
        for (VdiId id : records.ids()) {
            Node node = tree.node(id).orElse(null);
            VdiRecord record = records.readable(id).orElse(null);
            if (node == null || node.hidden() || record == null) {
                continue;
            }
            boolean isAlone = tree.rivals(node).isEmpty();
            boolean isThere = record.file() != null && tree.node(record.file()).isPresent();
            if (isAlone && !isThere) {
                records.write(id, record.withFile(node.name(), null));
            }
        }
    }
}
