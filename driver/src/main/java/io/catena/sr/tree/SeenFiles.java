package io.catena.sr.tree;

import com.google.gson.stream.MalformedJsonException;
import io.catena.log.LogLine;
import io.catena.sr.record.SrFiles;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.store.TooManyNamesException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The note on what an SR's files were when they were seen last, so that it is noticed if a disk's file is another one by now:
 * restored, swapped or overwritten with another disk while nobody looked.
 *
 * <p><b>The note is told from a copy.</b> If it is one, the directory was copied or restored as a whole,
 * by {@code cp -a}, {@code rsync} or a backup: then no file can be the one that was seen, and only unique ids count. A file
 * beside it says which it is, with the time of its last change, which no copy carries and which tells it from a later file with
 * its inode. So that this holds as well when an older copy is put over the SR, file by file where they differ, the note is
 * written anew at each attach and detach.
 *
 * <p><b>Order.</b> What an operation is about to replace is not claimed any more before the operation is recorded: a mark
 * says so, which is durable when the record is. Writing the note anew:
 *
 * <ol>
 *   <li>Write the new note; durable, it takes the place of the old one at one instant. Until the next step it looks like a
 *       copy.
 *   <li>Write which file it is.
 *   <li>Remove the marks. One that stays means that less is noticed, for a while.
 * </ol>
 *
 * <p>A note that is gone, or cannot be read, claims nothing.
 *
 * <p><b>Threads.</b> Used by who has the SR's turn only.
 */
final class SeenFiles {
    private static final Logger LOG = System.getLogger(SeenFiles.class.getName());

    private final Storage storage;
    private final ReplacedMarks marks;

    /** By name; without those that are marked. */
    private SortedMap<String, SeenFile> seen = new TreeMap<>();

    /** The files that are not what they were, and what was found. */
    private SortedMap<String, String> replaced = new TreeMap<>();

    SeenFiles(Storage storage) throws IOException {
        this.storage = storage;
        marks = new ReplacedMarks(storage);
        Optional<SortedMap<String, SeenFile>> noted = read();
        if (noted.isPresent()) {
            seen = noted.get();
            if (!isInPlace()) {
                seen.replaceAll((name, file) -> file.copied());
            }
        }
        seen.keySet().removeAll(marks.names());
    }

    private boolean isInPlace() throws IOException {
        try {
            return StoredText.readSmall(storage, SrFiles.SEEN_ITSELF).equals(Optional.of(itself()));
        } catch (StoredText.TooLargeException e) {
            return false;
        }
    }

    private Optional<SortedMap<String, SeenFile>> read() throws IOException {
        try {
            return SeenNote.read(storage);
        } catch (StoredText.TooLargeException
                | TooManyNamesException
                | MalformedJsonException
                | EOFException
                | RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("seen-files-unreadable", "file", SrFiles.SEEN, "cause", e.getMessage()));
            return Optional.empty();
        }
    }

    /** Returns what no copy of the note has in common with it. */
    private String itself() throws IOException {
        Storage.Stamp stamp = storage.stamps(SrFiles.OWN, SrFiles.SEEN::equals).get(SrFiles.SEEN);
        return storage.info(SrFiles.SEEN).identity() + (stamp == null ? "" : " changed at " + stamp.changedNanos());
    }

    /** Returns the tree with what is found of the files now. */
    Tree compare(Tree tree) throws IOException {
        replaced = new ReplacedFiles(storage, seen).in(tree);
        return tree.withReplaced(replaced);
    }

    /** Returns the files that were other ones when they were compared last, and what was found. */
    Map<String, String> replaced() {
        return replaced;
    }

    /** Claims nothing of these files any more; durable with the next sync of the names. */
    void forget(Collection<String> names) throws IOException {
        for (String name : names) {
            if (seen.remove(name) != null && !marks.add(name)) {
                seen.clear();
            }
            replaced.remove(name);
        }
    }

    /**
     * Notes what the files are now, but for those of which it is not decided yet.
     *
     * @param always also if nothing changed
     */
    void write(Tree tree, boolean always) throws IOException {
        SortedMap<String, SeenFile> now = new TreeMap<>();
        for (Node node : tree.nodes()) {
            @Nullable SeenFile file = now(node);
            if (file != null) {
                now.put(node.name(), file);
            }
        }
        if (always || !marks.names().isEmpty() || !now.equals(seen)) {
            writeNote(now);
            seen = now;
            marks.clear();
        }
    }

    private void writeNote(SortedMap<String, SeenFile> now) throws IOException {
        try {
            SeenNote.write(storage, now);
            StoredText.write(storage, SrFiles.SEEN_ITSELF, itself());
        } catch (StoredText.TooLargeException e) {
            // Of so many files nothing is claimed.
            LOG.log(Level.WARNING, LogLine.of("seen-files-not-noted", "cause", e.getMessage()));
            storage.delete(SrFiles.SEEN);
        }
    }

    private @Nullable SeenFile now(Node node) throws IOException {
        if (node.file() == null || replaced.containsKey(node.name())) {
            return seen.get(node.name());
        }
        String identity =
                node.hidden() ? null : SeenFile.identity(storage, node.name()).orElse(null);
        return new SeenFile(identity, SeenFile.uniqueId(node).orElse(null), node.parent());
    }
}
