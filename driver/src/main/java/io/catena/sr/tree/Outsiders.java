package io.catena.sr.tree;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.catena.format.CorruptVhdException;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.UnsupportedVhdException;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The files below an SR's directory that are no nodes, for their names or places, and build on nodes all the same: a disk
 * called CHILD.VHD, one that was renamed to disk.vhd.bak for a while, one in a directory of its own.
 *
 * <p>Files outside of the SR's directory are not seen, and links are not followed.
 *
 * <p><b>Threads.</b> Used by who has the SR's turn only.
 */
final class Outsiders {
    /** Where many files lie that are no business of ours, nobody can say in time which of them build on nodes. */
    private static final int MOST_FILES = 20_000;

    private static final int MOST_DEPTH = 8;
    private static final String OWN = ".catena";
    private static final String FOUND_BY_FSCK = "lost+found";
    private static final int START_BYTES = Footer.SIZE + 8;

    /** As in {@link io.catena.sr.record.FileWatch}: a change within the same tick as the one before has no stamp of its own. */
    private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Storage storage;
    private final Clock clock;

    /** What was seen in the files that had not changed for a while then. */
    private Map<String, Seen> settled = new HashMap<>();

    private record Seen(Storage.Stamp stamp, Node.Doubt doubt) {}

    Outsiders(Storage storage, Clock clock) {
        this.storage = storage;
        this.clock = clock;
    }

    /** Returns the files that may build on nodes, and on which. Into those that have not changed it does not look again. */
    SortedMap<String, Node.Doubt> look() {
        Look look = new Look();
        look.into("", 0);
        settled = look.seen;
        return look.found;
    }

    private final class Look {
        final Map<String, Seen> seen = new HashMap<>();
        final SortedMap<String, Node.Doubt> found = new TreeMap<>();
        private final long limitNanos = nanos(clock.instant()) - SETTLED_NANOS;
        private int files;

        /** What cannot be seen may build on any node. */
        void into(String directory, int depth) {
            try {
                boolean isRoot = directory.isEmpty();
                storage.stamps(directory, name -> isLookedAt(name, isRoot)).forEach(this::file);
                for (String inner : storage.directories(directory)) {
                    if (depth == MOST_DEPTH || ++files > MOST_FILES) {
                        found.put(inner + " (too deep, or too many files before it, to look into)", Node.Doubt.ANY);
                        return;
                    }
                    if (!inner.equals(OWN) && !inner.equals(FOUND_BY_FSCK)) {
                        into(inner, depth + 1);
                    }
                }
            } catch (IOException e) {
                found.put(directory + " (cannot be listed: " + e.getMessage() + ")", Node.Doubt.ANY);
            }
        }

        /** Of more files than can be looked into one is enough to say so. */
        private boolean isLookedAt(String name, boolean isRoot) {
            if (isRoot && TreeScanner.isNode(name)) {
                return false;
            }
            if (++files > MOST_FILES) {
                found.put(name + " (too many files before it, to look into)", Node.Doubt.ANY);
                return false;
            }
            return true;
        }

        private void file(String name, Storage.Stamp stamp) {
            Seen before = settled.get(name);
            Node.Doubt doubt = before != null && before.stamp().equals(stamp) ? before.doubt() : doubt(name);
            if (Math.max(stamp.modifiedNanos(), stamp.changedNanos()) < limitNanos) {
                seen.put(name, new Seen(stamp, doubt));
            }
            if (!doubt.equals(Node.Doubt.NONE)) {
                found.put(name, doubt);
            }
        }
    }

    private static long nanos(Instant time) {
        return TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano();
    }

    private Node.Doubt doubt(String name) {
        try (BlockFile file = storage.openReadOnly(name)) {
            return looksLikeVhd(file) ? doubt(file) : Node.Doubt.NONE;
        } catch (NoSuchFileException e) {
            return Node.Doubt.NONE;
        } catch (IOException e) {
            return Node.Doubt.ANY;
        }
    }

    private static boolean looksLikeVhd(BlockFile file) throws IOException {
        String start = text(file, 0, START_BYTES);
        String end = text(file, Math.max(0, file.size() - Footer.SIZE), Footer.SIZE);
        return start.startsWith("conectix") || start.startsWith("cxsparse", Footer.SIZE) || end.contains("conectix");
    }

    private static String text(BlockFile file, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        file.read(offset, bytes);
        return ISO_8859_1.decode(bytes.flip()).toString();
    }

    private static Node.Doubt doubt(BlockFile file) throws IOException {
        DynamicHeader header;
        try {
            VhdHeaders headers = VhdHeaders.read(file);
            header = headers.header();
            if (header == null || !headers.isDifferencing()) {
                return Node.Doubt.NONE;
            }
        } catch (CorruptVhdException | UnsupportedVhdException e) {
            ByteBuffer bytes = ByteBuffer.allocate(DynamicHeader.SIZE);
            file.readFully(Footer.SIZE, bytes);
            header = DynamicHeader.decode(bytes.flip(), file.name(), Footer.SIZE);
        }
        return header.parentId().equals(DynamicHeader.NO_ID)
                ? Node.Doubt.ANY
                : new Node.Doubt(false, header.parentId());
    }
}
