package io.catena.sr.gc;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.op.Orphans;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Base copies of which the tree does not tell whether they are garbage, and somebody says that they are. */
final class UnneededCopies {
    private final SrId sr;
    private final Storage storage;
    private final SrTree tree;

    UnneededCopies(SrId sr, Storage storage, SrTree tree) {
        this.sr = sr;
        this.storage = storage;
        this.tree = tree;
    }

    /**
     * Notes that nobody needs some base copies; all or none.
     *
     * @throws SrException {@link SrError#BAD_REQUEST} if one of them may be needed, or is none
     */
    void declare(Collection<String> names) throws IOException {
        tree.change(() -> {
            tree.lookOutside(List.of());
            List<Orphans.Orphan> orphans = new ArrayList<>();
            for (String name : names) {
                orphans.add(orphan(tree.now(), name));
            }
            tree.aside(() -> Orphans.add(storage, orphans));
            tree.lookOutside(List.of());
            return names;
        });
    }

    private Orphans.Orphan orphan(Tree now, String name) {
        Optional<Node> node = now.node(name).filter(n -> MergeRules.isChildless(now, n) && n.file() != null);
        if (node.isEmpty() || now.mayBeNeeded(node.get())) {
            String why = node.flatMap(now::mayNeed)
                    .map(needer -> name + " may be needed: " + needer + " may build on it")
                    .orElse(name + " is no base copy that nothing builds on");
            throw new SrException(SrError.BAD_REQUEST, why)
                    .correction("See which are: ", Remedy.of(Verb.GC_STATUS, sr));
        }
        return Orphans.Orphan.of(Objects.requireNonNull(node.get().file()));
    }
}
