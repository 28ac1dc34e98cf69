package io.catena.sr.xen;

import io.catena.api.Uuids;
import io.catena.check.InterruptedResize;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A file that XenServer's storage manager (sm) leaves behind when it is interrupted.
 *
 * @param id what stands for the UUID in its name
 */
public record SmLeftover(Kind kind, String file, String id) {
    /** What such a file is, in the order in which they are dealt with: a file whose resize is pending cannot be read. */
    enum Kind {
        /** The journal of vhd-util's resize, asked for by a user. */
        RESIZE(".journal-", ""),
        /** The same, for a parent that had to grow before a merge. */
        GROWTH("", ""),
        /** The journal of a leaf that is being merged into its parent; holds the parent's UUID. */
        LEAF("leaf_", ""),
        /** The journal of a base copy whose data is in its parent by now, and whose children are being linked to that. */
        RELINK("relink_", ""),
        /** The journal of a base copy whose data is being copied into its parent. */
        COALESCE("coalesce_", ""),
        /** A leaf whose data is in its parent by now, which took its name. */
        OLD_LEAF("OLD_", ".vhd"),
        /** The empty file that a snapshot was about to give the name of the disk. */
        NEW_LEAF("", ".vhd.new");

        private final String prefix;
        private final String suffix;

        Kind(String prefix, String suffix) {
            this.prefix = prefix;
            this.suffix = suffix;
        }

        private Optional<SmLeftover> match(String name) {
            boolean fits = name.startsWith(prefix)
                    && name.endsWith(suffix)
                    && name.length() > prefix.length() + suffix.length();
            String id = fits ? name.substring(prefix.length(), name.length() - suffix.length()) : "";
            return Uuids.isUuid(id) ? Optional.of(new SmLeftover(this, name, id)) : Optional.empty();
        }
    }

    /** What sm keeps beside its disks, and nobody else needs. */
    private static final Pattern KEPT = Pattern.compile("filelog\\.txt|sm-hardlink\\.conf|.+\\.cbtlog|.+\\.vhdcache");

    /** Whether a file is one that sm keeps, and is no sign of unfinished work. */
    public static boolean isKept(String name) {
        return KEPT.matcher(name).matches();
    }

    /** Returns what sm has left in an SR, in the order in which it is to be dealt with. */
    public static List<SmLeftover> find(Storage storage) throws IOException {
        Set<String> names = new LinkedHashSet<>(storage.list("", SmLeftover::mayBeOne));
        List<SmLeftover> found = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (String name : names) {
                Optional<SmLeftover> leftover = kind.match(name);
                if (leftover.isPresent() && isMeant(storage, leftover.get(), names)) {
                    found.add(leftover.get());
                }
            }
        }
        return found;
    }

    private static boolean mayBeOne(String name) {
        return Arrays.stream(Kind.values()).anyMatch(kind -> kind.match(name).isPresent());
    }

    /** A file whose name is only a UUID may be anything; a renamed leaf belongs to its journal as long as that is there. */
    private static boolean isMeant(Storage storage, SmLeftover leftover, Set<String> names) throws IOException {
        return switch (leftover.kind) {
            case GROWTH -> InterruptedResize.isJournal(storage, leftover.file);
            case OLD_LEAF -> !names.contains(Kind.LEAF.prefix + leftover.id);
            case RESIZE, LEAF, RELINK, COALESCE, NEW_LEAF -> true;
        };
    }

    /** Returns the name of the VHD with this id. */
    String vhd() {
        return id + ".vhd";
    }
}
