package io.catena.sr.gc;

import io.catena.sr.live.Attachments;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.LiveSteps;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.Set;

/**
 * Base copies that leave the tree, for another node holds all of their data, durably. The disks in use go on without them
 * first: they see the same before and after, and chains that are open do not look at links.
 *
 * @param gone the files of the nodes that leave
 * @param holder holds their data; it is opened anew, since it has grown
 */
record DroppedNodes(Attachments attachments, Set<String> gone, ChainFile holder) implements LiveSteps {
    @Override
    public void cut(Aside aside) throws IOException {
        attachments.swaps().dropFromChains(gone, holder, aside);
    }

    @Override
    public void settle(Aside aside) {}
}
