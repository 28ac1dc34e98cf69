package io.catena.sr.record;

import java.util.Map;

/**
 * Tells by a disk's keys that it is the target of a storage migration's mirror: it will be put upon a copy of what the disk
 * held before, so zeros that are written to it must not be left out of it.
 *
 * <p>XAPI sets the key before the mirror begins to write, copies it to the snapshots that it takes meanwhile, and removes it
 * at the end.
 */
public final class MirrorMark {
    /** In a VDI's sm_config (xen-api, {@code storage_migrate.ml}); so named also on the command line. */
    public static final String SM_CONFIG = "base_mirror";

    /** As xapi-storage-script hands an entry of sm_config to {@code Volume.set} of SMAPIv3 plugins. */
    static final String VOLUME_KEY = "_sm_config_base_mirror";

    private MirrorMark() {}

    public static boolean isIn(Map<String, String> keys) {
        return keys.containsKey(SM_CONFIG) || keys.containsKey(VOLUME_KEY);
    }
}
