package io.catena.sr.verb;

import io.catena.api.VdiId;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot or clone to be made.
 *
 * @param source the disk whose content it starts with
 * @param sourceRecord what is known of that; it must not be lost with the name of its file
 * @param vdi the id of the new disk
 * @param record what is to be known of the new disk
 * @param sizeBytes the new disk's size, or 0 for that of the source
 * @param mayDeepen throws if the chain of the source may not get another node
 * @param filled a file laid ready under a temporary name that holds the new disk's own data; null to make an empty one
 */
record CutRequest(
        Node source,
        VdiRecord sourceRecord,
        VdiId vdi,
        VdiRecord record,
        long sizeBytes,
        Runnable mayDeepen,
        @Nullable String filled) {

    /** Returns this for a disk whose own data is there already. */
    CutRequest filledBy(VdiRecord itsRecord, String file) {
        return new CutRequest(source, sourceRecord, vdi, itsRecord, sizeBytes, mayDeepen, file);
    }
}
