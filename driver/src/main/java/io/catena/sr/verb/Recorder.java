package io.catena.sr.verb;

import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.sr.open.Admission;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.MirrorMark;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import java.io.IOException;
import java.util.List;

/**
 * Changes what is recorded of a disk, and has what depends on it follow.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class Recorder {
    private final OpenSr sr;
    private final Resetter resetter;

    public Recorder(OpenSr sr, Resetter resetter) {
        this.sr = sr;
        this.resetter = resetter;
    }

    /** Changes what is told of a disk: its name, description, keys, and what its next boot does. */
    public void change(VdiId id, VdiChange changes) throws IOException {
        if (sr.view.hasNoData(id)) {
            sr.records.write(id, sr.view.record(id).with(changes));
            return;
        }
        Node node = sr.view.visible(id);
        if (Boolean.TRUE.equals(changes.resetOnBoot())) {
            resetter.checkNothingWouldBeLost(node);
        }
        VdiRecord changed = sr.view.record(node).with(changes);
        sr.admission.checkMove(sr.tree.now(), node, Admission.owner(changed));
        sr.tree.concern(List.of(node));
        sr.tree.aside(() -> sr.records.write(id, changed));
        sr.attachments.keepZeros(id, MirrorMark.isIn(changed.allKeys()), sr.tree::aside);
    }
}
