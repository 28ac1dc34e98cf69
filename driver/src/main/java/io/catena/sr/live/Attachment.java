package io.catena.sr.live;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import io.catena.disk.LiveDisk;

/** A disk that is active: its chain is open, and it is served. */
public record Attachment(VdiId vdi, AccessMode mode, LiveDisk disk, Export export, LeafZeros zeros) {}
