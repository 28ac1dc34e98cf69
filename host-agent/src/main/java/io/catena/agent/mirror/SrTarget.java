package io.catena.agent.mirror;

import io.catena.agent.nbd.client.RemoteDisk;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.log.LogLine;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A copy in an SR. While it is not complete it has a key that says of which disk it is the copy: only such a disk is ever written
 * over.
 *
 * <ol>
 *   <li>It is made with that key.
 *   <li>The mirror has it, and writes to it. A mirror that begins anew with the same id, whatever became of the one before, takes
 *       it away from that one first.
 *   <li>When all is there and durable, the mirror lets go of it, and then the key goes.
 * </ol>
 *
 * @param copy its id
 * @param name of the copy
 */
record SrTarget(Disks disks, VdiId copy, Vdi source, String name) implements Target {
    /** Stands with what is not complete. */
    static final String MARK = "catena_mirror_of";

    private static final Logger LOG = Logger.getLogger(SrTarget.class.getName());

    /** What a VHD can hold. */
    private static final long MOST_VHD_BYTES = 2040L << 30;

    @Override
    public boolean prepare(long sizeBytes) throws IOException {
        Optional<Disks.Found> found = disks.find(copy);
        if (found.isEmpty()) {
            Map<String, String> keys = new HashMap<>(source.keys());
            keys.put(MARK, source.vdi().toString());
            disks.create(new VdiSpec(sizeBytes, name, source.description(), copy, sizeBytes > MOST_VHD_BYTES, keys));
            return true;
        }
        requireBegun(found.get());
        return false;
    }

    private void requireBegun(Disks.Found found) {
        if (!source.vdi().toString().equals(found.keys().get(MARK))) {
            throw new SrException(
                            SrError.VDI_EXISTS,
                            "There is a VDI " + copy + " in " + disks.text()
                                    + " already, which is no unfinished mirror of VDI " + source.vdi())
                    .correction("Choose another id, or leave it out.");
        }
    }

    @Override
    public Link connect() throws IOException {
        RemoteDisk disk = disks.open(copy);
        return new Link(disk, disk);
    }

    @Override
    public void complete() throws IOException {
        disks.release(copy);
        disks.removeKey(copy, MARK);
    }

    @Override
    public void giveUp() {
        try {
            disks.release(copy);
        } catch (IOException | SrException e) {
            LOG.log(Level.WARNING, LogLine.of("mirror-not-released", "copy", copy, "in", disks.text()), e);
        }
    }

    @Override
    public String text() {
        return "VDI " + copy + " in " + disks.text();
    }
}
