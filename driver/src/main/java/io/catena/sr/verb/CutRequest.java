package io.catena.sr.verb;

import io.catena.api.VdiId;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;

/**
 * A snapshot or clone to be made.
 *
 * @param source the disk whose content it starts with
 * @param sourceRecord what is known of that; it must not be lost with the name of its file
 * @param vdi the id of the new disk
 * @param record what is to be known of the new disk
 * @param sizeBytes the new disk's size, or 0 for that of the source
 * @param mayDeepen throws if the chain of the source may not get another node
 */
record CutRequest(
        Node source, VdiRecord sourceRecord, VdiId vdi, VdiRecord record, long sizeBytes, Runnable mayDeepen) {}
