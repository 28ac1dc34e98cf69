package io.catena.agent.api.cloud;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import org.jspecify.annotations.Nullable;

/**
 * That somebody has a disk, and how to reach it.
 *
 * @param holder empty for nobody in particular
 * @param mode how it may be activated
 * @param active how it is activated; null if it is not
 */
record Attachment(
        VdiId vdi,
        String holder,
        AccessMode mode,
        @Nullable AccessMode active,
        @Nullable Connection connection) {
    /**
     * The ways to the disk.
     *
     * @param nbdUnix an NBD URI, for programs of this host
     * @param nbdTlsPort where all exports are served over TCP; null if they are not
     * @param export the export's name there
     * @param block a block device of this host; null if it is none
     */
    record Connection(
            String nbdUnix,
            @Nullable Integer nbdTlsPort,
            String export,
            @Nullable String block) {}

    static Attachment of(Vdi vdi, Hold hold, @Nullable Integer nbdTlsPort) {
        return new Attachment(vdi.vdi(), hold.holder(), hold.mode(), hold.active(), connection(vdi, nbdTlsPort));
    }

    private static @Nullable Connection connection(Vdi vdi, @Nullable Integer nbdTlsPort) {
        Export export = vdi.export();
        return export == null
                ? null
                : new Connection(export.uri(), nbdTlsPort, vdi.vdi().toString(), export.device());
    }
}
