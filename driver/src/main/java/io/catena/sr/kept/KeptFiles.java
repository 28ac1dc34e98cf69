package io.catena.sr.kept;

import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.sr.record.SrFiles;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The side files of an SR, {@code .catena/cbt/<snapshot>.bits}: one for each snapshot whose data was given up. A file whose
 * snapshot still has its data is left of an interruption, and means nothing.
 *
 * <p>One that is damaged says that nothing is known.
 *
 * <p><b>Threads.</b> Changed under the SR's tree lock, read by any thread.
 */
public final class KeptFiles {
    private static final Logger LOG = System.getLogger(KeptFiles.class.getName());
    private static final String END = ".bits";

    private final Storage storage;
    private final ConcurrentSkipListMap<VdiId, Header> known = new ConcurrentSkipListMap<>();

    /** What is remembered of a file. */
    private record Header(long sizeBytes, List<KeptChanges.Anchor> anchors) {}

    public KeptFiles(Storage storage) throws IOException {
        this.storage = storage;
        for (VdiId id : ids(storage)) {
            remember(readFile(storage, id));
        }
    }

    /** Returns the snapshots of which there is a file. */
    public static Set<VdiId> ids(Storage storage) throws IOException {
        Set<VdiId> ids = new TreeSet<>();
        for (String name : storage.list(SrFiles.KEPT_CHANGES)) {
            String stem = name.substring(name.lastIndexOf('/') + 1);
            if (stem.endsWith(END) && Uuids.isUuid(SrFiles.stem(stem))) {
                ids.add(VdiId.parse(SrFiles.stem(stem)));
            }
        }
        return ids;
    }

    public Collection<VdiId> ids() {
        return known.keySet();
    }

    public boolean has(VdiId snapshot) {
        return known.containsKey(snapshot);
    }

    public long sizeBytes(VdiId snapshot) {
        return Optional.ofNullable(known.get(snapshot)).map(Header::sizeBytes).orElse(0L);
    }

    /** Returns the base copies that tell what changed since a snapshot; see {@link KeptChanges}. */
    public List<KeptChanges.Anchor> anchors(VdiId snapshot) {
        return Optional.ofNullable(known.get(snapshot)).map(Header::anchors).orElse(List.of());
    }

    /** Returns the names of all base copies that tell what changed since a snapshot, or are about to. */
    public Set<String> anchors() {
        Set<String> names = new HashSet<>();
        known.values().forEach(header -> header.anchors().forEach(anchor -> names.add(anchor.node())));
        return names;
    }

    public KeptChanges read(VdiId snapshot) {
        return readFile(storage, snapshot);
    }

    private static KeptChanges readFile(Storage storage, VdiId snapshot) {
        try {
            Optional<String> text = StoredText.readLong(storage, file(snapshot));
            if (text.isPresent()) {
                return KeptChanges.decode(snapshot, text.get());
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("kept-changes-unreadable", "vdi", snapshot, "cause", e.getMessage()));
        }
        return new KeptChanges(snapshot, 0, List.of(), new BitSet());
    }

    /** Durable when this returns. Of a disk of many TiB in which very much changed nothing is known. */
    public void write(KeptChanges changes) throws IOException {
        try {
            StoredText.writeLong(storage, file(changes.snapshot()), changes.encode());
            remember(changes);
        } catch (StoredText.TooLargeException e) {
            LOG.log(
                    Level.WARNING,
                    LogLine.of("kept-changes-unknown", "vdi", changes.snapshot(), "cause", e.getMessage()));
            StoredText.write(
                    storage, file(changes.snapshot()), changes.unknown().encode());
            remember(changes.unknown());
        }
    }

    private void remember(KeptChanges changes) {
        known.put(changes.snapshot(), new Header(changes.sizeBytes(), changes.anchors()));
    }

    /** Durable when this returns; does nothing if there is no such file. */
    public void delete(VdiId snapshot) throws IOException {
        if (has(snapshot)) {
            storage.delete(file(snapshot));
            storage.syncNames();
            known.remove(snapshot);
        }
    }

    /** Notes how the anchors look, when the SR is let go of in order: others may have the directory from now on. */
    public void rest() throws IOException {
        if (!known.isEmpty()) {
            AnchorLooks.now(storage, anchors()).write(storage);
        }
    }

    /**
     * Forgets what does not hold any more since somebody else had the directory and changed an anchor. May be repeated.
     *
     * @param inOrder whether the last session ended in order; after another nobody else can have changed the files, see {@link
     *     io.catena.op.OfflineAccess}
     */
    public static void settle(Storage storage, boolean inOrder) throws IOException {
        Set<VdiId> ids = inOrder ? ids(storage) : Set.of();
        if (ids.isEmpty()) {
            return;
        }
        AnchorLooks then = AnchorLooks.read(storage);
        KeptFiles files = new KeptFiles(storage);
        AnchorLooks now = AnchorLooks.now(storage, files.anchors());
        for (VdiId id : ids) {
            List<String> names =
                    files.anchors(id).stream().map(KeptChanges.Anchor::node).toList();
            if (!names.isEmpty() && !then.areStill(now, names)) {
                LOG.log(
                        Level.WARNING,
                        LogLine.of("kept-changes-invalid", "vdi", id, "anchors", Map.of("nodes", names)));
                files.write(files.read(id).unknown());
            }
        }
    }

    private static String file(VdiId snapshot) {
        return SrFiles.KEPT_CHANGES + "/" + snapshot + END;
    }
}
