package io.catena.harness.crash;

import io.catena.format.DynamicHeader;
import io.catena.op.Relink;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;

/**
 * A directory as XenServer's storage manager leaves it, made by hand with the driver's lower layers.
 *
 * <pre>
 * G (hidden) - P (hidden) - C            a disk whose leaf is merged, or whose snapshot is taken
 * G - N (hidden) - A, B                  in the states of N: two disks whose base copy is merged
 * X                                      a disk that has nothing to do with it
 * </pre>
 */
final class SmDirectory {
    static final int DISK_BYTES = 4 << 20;
    static final String GRAND = id(1);
    static final String PARENT = id(2);
    static final String DISK = id(3);
    static final String OTHER = id(4);
    static final String TWIN = id(5);
    private static final int WRITES = 6;
    private static final int SECTOR = 512;

    /** What the disks must hold. */
    final Map<String, byte[]> contents = new HashMap<>();

    private final Storage storage;
    private final Random random;
    private final Map<String, byte[]> nodes = new HashMap<>();

    private SmDirectory(Storage storage, Random random) {
        this.storage = storage;
        this.random = random;
    }

    private static String id(int n) {
        return new UUID(0xa0000000_0000_4000L, 0x8000_0000_0000_0000L | n).toString();
    }

    /** Makes the directory; all of it is durable. */
    static SmDirectory make(Storage storage, SmState state, long seed) throws IOException {
        SmDirectory directory = new SmDirectory(storage, new Random(seed));
        directory.root(OTHER);
        directory.write(OTHER);
        directory.show(OTHER);
        directory.build(state);
        storage.syncNames();
        return directory;
    }

    private void build(SmState state) throws IOException {
        if (state.name().startsWith("NODE")) {
            makeFork();
            interruptNodeMerge(state);
        } else if (state.name().startsWith("LEAF")) {
            makeChain();
            interruptLeafMerge(state);
        } else {
            interruptSnapshot(state);
        }
    }

    private void makeChain() throws IOException {
        root(GRAND);
        write(GRAND);
        child(PARENT, GRAND);
        write(PARENT);
        child(DISK, PARENT);
        write(DISK);
        hide(vhd(GRAND));
        hide(vhd(PARENT));
        show(DISK);
    }

    /** P is merged into G; the two disks on it go on. */
    private void makeFork() throws IOException {
        root(GRAND);
        write(GRAND);
        child(PARENT, GRAND);
        write(PARENT);
        child(DISK, PARENT);
        write(DISK);
        child(TWIN, PARENT);
        write(TWIN);
        hide(vhd(GRAND));
        hide(vhd(PARENT));
        show(DISK);
        show(TWIN);
    }

    private void interruptLeafMerge(SmState state) throws IOException {
        String leaf = vhd(DISK);
        String parent = vhd(PARENT);
        String old = "OLD_" + leaf;
        boolean journal = state != SmState.LEAF_13_JOURNAL_DELETED;
        if (journal) {
            text("leaf_" + DISK, state == SmState.LEAF_1_JOURNAL_LOST_ITS_TEXT ? "" : PARENT + "\n");
        }
        switch (state) {
            case LEAF_1_JOURNAL_WRITTEN, LEAF_1_JOURNAL_LOST_ITS_TEXT -> {}
            case LEAF_2_PARENT_SHOWN -> unhide(parent);
            case LEAF_5_COPYING -> {
                unhide(parent);
                copySome(leaf, parent);
                dropFooter(parent);
            }
            case LEAF_6_COPIED -> copied(leaf, parent);
            case LEAF_7_LEAF_RENAMED -> {
                copied(leaf, parent);
                storage.rename(leaf, old);
            }
            case LEAF_8_PARENT_RENAMED -> renamed(leaf, parent, old);
            case LEAF_10_OLD_LEAF_HIDDEN, LEAF_13_JOURNAL_DELETED -> {
                renamed(leaf, parent, old);
                hide(old);
            }
            case LEAF_12_OLD_LEAF_DELETED -> {
                renamed(leaf, parent, old);
                storage.delete(old);
            }
            case LEAF_12_WITH_THE_HIDDEN_FLAG_STILL_SET -> {
                renamed(leaf, parent, old);
                storage.delete(old);
                hide(leaf);
            }
            case LEAF_UNDO_PARENT_RENAMED_BACK -> {
                copied(leaf, parent);
                hide(leaf);
                storage.rename(leaf, old);
            }
            case LEAF_UNDO_LEAF_RENAMED_BACK -> {
                copied(leaf, parent);
                hide(leaf);
            }
            default -> throw new IllegalArgumentException(state.name());
        }
    }

    private void copied(String leaf, String parent) throws IOException {
        unhide(parent);
        copyAll(leaf, parent);
    }

    private void renamed(String leaf, String parent, String old) throws IOException {
        copied(leaf, parent);
        storage.rename(leaf, old);
        storage.rename(parent, leaf);
    }

    private void interruptNodeMerge(SmState state) throws IOException {
        String node = vhd(PARENT);
        String parent = vhd(GRAND);
        String copying = "coalesce_" + PARENT;
        String linking = "relink_" + PARENT;
        switch (state) {
            case NODE_JOURNAL_WRITTEN -> text(copying, "1");
            case NODE_COPYING -> {
                text(copying, "1");
                copySome(node, parent);
                dropFooter(parent);
            }
            case NODE_COPIED -> {
                text(copying, "1");
                copyAll(node, parent);
            }
            case NODE_BETWEEN_JOURNALS -> copyAll(node, parent);
            case NODE_BOTH_JOURNALS -> {
                text(copying, "1");
                text(linking, "1");
                copyAll(node, parent);
            }
            case NODE_RELINK_BEGUN -> {
                text(linking, "1");
                copyAll(node, parent);
            }
            case NODE_RELINK_HALF_DONE -> {
                text(linking, "1");
                copyAll(node, parent);
                link(vhd(TWIN), parent);
            }
            case NODE_RELINK_DONE -> {
                text(linking, "1");
                copyAll(node, parent);
                link(vhd(TWIN), parent);
                link(vhd(DISK), parent);
            }
            case NODE_RELINK_JOURNAL_DELETED -> {
                copyAll(node, parent);
                link(vhd(TWIN), parent);
                link(vhd(DISK), parent);
            }
            case NODE_DELETED_BEFORE_ITS_JOURNAL, NODE_GONE_WITH_STALE_COPY_JOURNAL -> {
                text(state == SmState.NODE_DELETED_BEFORE_ITS_JOURNAL ? linking : copying, "1");
                copyAll(node, parent);
                link(vhd(TWIN), parent);
                link(vhd(DISK), parent);
                storage.delete(node);
            }
            default -> throw new IllegalArgumentException(state.name());
        }
    }

    private void interruptSnapshot(SmState state) throws IOException {
        String fresh = vhd(DISK) + ".new";
        switch (state) {
            case SNAPSHOT_7_NEW_LEAF_TORN -> {
                root(DISK);
                write(DISK);
                text(fresh, "half a footer");
            }
            case SNAPSHOT_7_NEW_LEAF_WRITTEN -> {
                root(DISK);
                write(DISK);
                newLeaf(fresh, vhd(DISK));
            }
            case SNAPSHOT_7_RENAMED -> {
                root(DISK);
                write(DISK);
                storage.rename(vhd(DISK), vhd(PARENT));
                newLeaf(fresh, vhd(PARENT));
            }
            case SNAPSHOT_7_RENAMED_WHEN_EMPTY -> {
                root(GRAND);
                write(GRAND);
                hide(vhd(GRAND));
                nodes.put(DISK, nodes(GRAND));
                newLeaf(fresh, vhd(GRAND));
            }
            case SNAPSHOT_8_NEW_LEAF_NAMED -> {
                root(DISK);
                write(DISK);
                storage.rename(vhd(DISK), vhd(PARENT));
                newLeaf(vhd(DISK), vhd(PARENT));
                // The base copy is not hidden yet: sm's own scan shows it too.
                nodes.put(PARENT, nodes(DISK));
                show(PARENT);
            }
            default -> throw new IllegalArgumentException(state.name());
        }
        show(DISK);
    }

    /** Makes a disk what a guest sees. */
    private void show(String id) {
        contents.put(id, nodes(id));
    }

    private byte[] nodes(String id) {
        return Objects.requireNonNull(nodes.get(id)).clone();
    }

    static String vhd(String id) {
        return id + ".vhd";
    }

    private void root(String id) throws IOException {
        new VhdCreator(storage).dynamic(vhd(id), DISK_BYTES, uniqueId(), 0);
        nodes.put(id, new byte[DISK_BYTES]);
    }

    /** XenServer's footers have an id of their own, which the file's name does not tell. */
    private UUID uniqueId() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    private void child(String id, String parent) throws IOException {
        newLeaf(vhd(id), vhd(parent));
        nodes.put(id, nodes(parent));
    }

    private void newLeaf(String name, String parent) throws IOException {
        UUID id = ChainFile.read(storage, parent).uniqueId().orElseThrow();
        new VhdCreator(storage).differencing(name, DISK_BYTES, uniqueId(), 0, ParentLink.of(storage, name, parent, id));
    }

    private void write(String id) throws IOException {
        byte[] content = Objects.requireNonNull(nodes.get(id));
        try (Layer layer = ChainFile.read(storage, vhd(id)).openWritable(storage, null)) {
            for (int i = 0; i < WRITES; i++) {
                int length = SECTOR * (1 + random.nextInt(20));
                int offset = SECTOR * random.nextInt((DISK_BYTES - length) / SECTOR);
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                layer.write(offset, ByteBuffer.wrap(bytes));
                System.arraycopy(bytes, 0, content, offset, length);
            }
        }
    }

    private void hide(String name) throws IOException {
        HiddenFlag.set(storage, name, true);
    }

    private void unhide(String name) throws IOException {
        HiddenFlag.set(storage, name, false);
    }

    void text(String name, String text) throws IOException {
        try (BlockFile file = storage.create(name)) {
            file.write(0, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
            file.sync();
        }
    }

    private void copyAll(String from, String to) throws IOException {
        copy(from, to, 0);
    }

    private void copySome(String from, String to) throws IOException {
        copy(from, to, 2);
    }

    /**
     * @param leftOut one run in so many is not copied
     */
    private void copy(String from, String to, int leftOut) throws IOException {
        try (Layer source = ChainFile.read(storage, from).openReadOnly(storage);
                Layer target = ChainFile.read(storage, to).openWritable(storage, null)) {
            for (long at = 0; at < source.sizeBytes(); ) {
                long run = source.run(at, Math.min(1 << 20, source.sizeBytes() - at));
                if (run > 0 && (leftOut == 0 || random.nextInt(leftOut) > 0)) {
                    ByteBuffer bytes = ByteBuffer.allocate((int) run);
                    source.read(at, bytes);
                    target.write(at, bytes.flip());
                }
                at += Math.abs(run);
            }
        }
    }

    /** Leaves the file as somebody who was killed leaves it: blktap and libvhd write the last footer when they close it. */
    private void dropFooter(String name) throws IOException {
        try (BlockFile file = storage.open(name)) {
            file.truncate(file.size() - SECTOR);
            file.sync();
        }
    }

    private void link(String child, String parent) throws IOException {
        UUID id = ChainFile.read(storage, parent).uniqueId().orElse(DynamicHeader.NO_ID);
        ParentLink link = ParentLink.of(storage, child, parent, id);
        List<ParentLink.Patch> patches = link.replaceIn(
                Objects.requireNonNull(ChainFile.read(storage, child).headers()), child);
        new Relink("none", List.of(Relink.Child.of(child, patches))).link(storage);
    }
}
