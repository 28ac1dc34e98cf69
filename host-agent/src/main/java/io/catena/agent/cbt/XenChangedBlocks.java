package io.catena.agent.cbt;

import io.catena.api.DiskRange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrInventory;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Changed blocks as XAPI has them: switched on for a disk, inherited by its snapshots, and told as a bitmap.
 *
 * <p>Here changes are known without any tracking. That it is switched on is a key of the disk, so that XAPI finds it the way it
 * left it, and refuses what it would refuse elsewhere.
 */
public final class XenChangedBlocks {
    public static final int BLOCK_BYTES = 64 << 10;

    private static final String KEY = "cbt_enabled";
    private static final String UNRELATED = "Source and target VDI are unrelated";

    private XenChangedBlocks() {}

    public static boolean isEnabled(Vdi vdi) {
        return "true".equals(vdi.keys().get(KEY));
    }

    /** Whether a key is the driver's own, and none that a caller set. */
    public static boolean isKey(String key) {
        return key.equals(KEY);
    }

    /** Returns the keys that a snapshot of a disk has from its beginning. */
    public static Map<String, String> inherited(Vdi vdi) {
        return isEnabled(vdi) ? Map.of(KEY, "true") : Map.of();
    }

    /**
     * Switches it on or off; does nothing if it is so already.
     *
     * @throws SrException with {@link SrError#VDI_TYPE} for a snapshot or a raw disk
     */
    public static void enable(VdiOperations disks, VdiId id, boolean enabled) {
        Vdi vdi = disks.vdi(id);
        if (vdi.snapshotOf() != null || vdi.file().endsWith(".raw")) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "Changed blocks are switched on and off for VHD disks, not for snapshots or raw disks")
                    .correction("Name the disk that the snapshot is of.");
        }
        if (isEnabled(vdi) != enabled) {
            disks.set(
                    id,
                    enabled
                            ? new VdiChange(null, null, Map.of(KEY, "true"), Set.of())
                            : new VdiChange(null, null, Map.of(), Set.of(KEY)));
        }
    }

    /**
     * Returns which blocks of a disk may differ from another, in base64: the first block is the highest bit of the first byte.
     *
     * @param from a snapshot
     * @param to the disk that it is a snapshot of, or a later snapshot of that
     * @throws SrException with {@link SrError#CHANGES_UNKNOWN} if that cannot be told; also for disks for which it is not switched
     *     on, or in another order, as XenServer's own drivers do
     */
    public static String bitmap(SrInventory inventory, VdiContents contents, VdiId from, VdiId to) {
        if (from.equals(to)) {
            throw new SrException(SrError.CHANGES_UNKNOWN, "Source and target VDI are same");
        }
        Vdi source = inventory.vdi(from);
        Vdi target = inventory.vdi(to);
        for (Vdi vdi : List.of(source, target)) {
            if (!isEnabled(vdi)) {
                throw new SrException(
                        SrError.CHANGES_UNKNOWN, "Changed block tracking was not enabled for VDI " + vdi.vdi());
            }
        }
        if (!isLater(target, source)) {
            throw new SrException(SrError.CHANGES_UNKNOWN, UNRELATED);
        }
        try {
            return encode(contents.changes(to, from), target.virtualSizeBytes());
        } catch (SrException e) {
            if (e.error() == SrError.BAD_REQUEST) {
                throw new SrException(SrError.CHANGES_UNKNOWN, UNRELATED, e);
            }
            throw e;
        }
    }

    /**
     * Whether a snapshot's disk became {@code target} later. If that is not certain, say since the clock was set back between, a
     * backup is made in full.
     */
    private static boolean isLater(Vdi target, Vdi snapshot) {
        VdiId disk = snapshot.snapshotOf();
        if (disk == null || !disk.equals(target.snapshotOf())) {
            return target.vdi().equals(disk);
        }
        Instant then = snapshot.created();
        Instant later = target.created();
        return then != null && later != null && later.isAfter(then);
    }

    private static String encode(List<DiskRange> changes, long sizeBytes) {
        long blocks = (sizeBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
        byte[] bits = new byte[(int) ((blocks + 7) / 8)];
        for (DiskRange range : changes) {
            for (long block = range.offset() / BLOCK_BYTES; block * BLOCK_BYTES < range.end(); block++) {
                bits[(int) (block / 8)] |= (byte) (0x80 >>> (block % 8));
            }
        }
        return Base64.getEncoder().encodeToString(bits);
    }
}
