package io.catena.disk;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import java.io.IOException;

/** Makes disks reachable for guests: implemented by whatever speaks a protocol. Safe for use by many threads. */
public interface Exporter {
    /** Tells where a disk will be served; until it is, clients are refused and told why. */
    Export announce(VdiId vdi, AccessMode mode);

    /** Ends what {@link #announce} began, for a disk that is not served. */
    void conceal(VdiId vdi);

    /** Serves {@code device} from now on, where it was announced. */
    Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException;

    /** Ends the service: returns after the last request was answered; none reaches the device afterwards. */
    void withdraw(VdiId vdi);

    /** Tells that a disk which is served shows something else from now on, though nobody wrote to it. */
    default void contentChanged(VdiId vdi) {}
}
