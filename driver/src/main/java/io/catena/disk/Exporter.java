package io.catena.disk;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import java.io.IOException;

/** Makes disks reachable for guests: implemented by whatever speaks a protocol. Safe for use by many threads. */
public interface Exporter {
    /** Serves {@code device} from now on. */
    Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException;

    /** Ends the service: returns after the last request was answered; none reaches the device afterwards. */
    void withdraw(VdiId vdi);
}
