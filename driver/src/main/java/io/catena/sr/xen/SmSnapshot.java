package io.catena.sr.xen;

import io.catena.api.Uuids;
import io.catena.format.CorruptVhdException;
import io.catena.format.UnsupportedVhdException;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.Node;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.MissingParentException;
import io.catena.vhd.ParentFinder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What XenServer's storage manager leaves when a snapshot of a disk S is interrupted.
 *
 * <p>Its steps: 6 give S's file the second name N, or, where there are no hard links, rename it to N; 7 make the empty file
 * {@code S.vhd.new} that builds on N; 8 rename that to S; 9 make the snapshot's own file; 10 hide N. What is found after each:
 *
 * <pre>
 * steps          files                  what is done
 * 6, linked      S = N                  undone: the name N is deleted, if sm's log tells which is S
 * 7, linked      S = N, S.vhd.new       undone: the name N is deleted, then S.vhd.new
 * 7, renamed     N, S.vhd.new           undone: N becomes S again, S.vhd.new is deleted
 * 6, renamed     N                      nothing: the disk is there, under the id N
 * 8, 9           S on N                 nothing: N shows as a disk that can only be read
 * </pre>
 */
final class SmSnapshot {
    private static final String LOG = "filelog.txt";
    private static final int LOG_END_BYTES = 4096;
    private static final Pattern SPACES = Pattern.compile("\\s+");

    private final SmNodes nodes;
    private final Storage storage;

    SmSnapshot(SmNodes nodes) {
        this.nodes = nodes;
        this.storage = nodes.storage();
    }

    /** Tells what is to be done about an empty file that was to get a disk's name. */
    SmStep newLeaf(SmLeftover leftover) throws IOException {
        Optional<ChainFile> file = read(leftover.file());
        if (file.isPresent() && SmNodes.holdsData(storage, file.get())) {
            return SmStep.refused(
                    leftover.file(),
                    leftover.file() + " should be the empty file of a snapshot that was interrupted, but it holds data",
                    "Find out what it is, and move it out of the directory");
        }
        Optional<Node> disk = nodes.node(leftover.id());
        return disk.isPresent() ? undoLinked(leftover, disk.get()) : undoRenamed(leftover, file);
    }

    private Optional<ChainFile> read(String name) throws IOException {
        try {
            return Optional.of(ChainFile.vhd(storage, name));
        } catch (CorruptVhdException | UnsupportedVhdException e) {
            // It was being written.
            return Optional.empty();
        }
    }

    /**
     * The disk has its name.
     *
     * <ol>
     *   <li>Delete the second name of the disk's file, which keeps its first. The new file still tells which that is.
     *   <li>Delete the new file, which nobody knows.
     * </ol>
     */
    private SmStep undoLinked(SmLeftover leftover, Node disk) throws IOException {
        List<String> others = new ArrayList<>();
        for (List<String> names : SmTwins.find(storage)) {
            if (names.contains(disk.name())) {
                others.addAll(names);
            }
        }
        others.remove(disk.name());
        for (String other : others) {
            if (!nodes.tree().children(other).isEmpty()) {
                return SmStep.refused(
                        leftover.file(),
                        disk.name() + " and " + other + " are two names of one file, and others build on " + other,
                        "Find out which name is the disk's, and delete the other with rm");
            }
        }
        return SmStep.possible(
                leftover.file(),
                "a snapshot of " + disk.name() + " was interrupted",
                "undone: "
                        + (others.isEmpty()
                                ? ""
                                : "the second name " + String.join(", ", others) + " of the disk's file and ")
                        + leftover.file() + " deleted",
                () -> {
                    for (String other : others) {
                        SmNodes.deleteDurably(storage, other);
                    }
                    SmNodes.deleteDurably(storage, leftover.file());
                });
    }

    /**
     * The disk's file has the base copy's name.
     *
     * <ol>
     *   <li>Give it its own again.
     *   <li>Delete the new file, which tells until then whose file it is.
     * </ol>
     */
    private SmStep undoRenamed(SmLeftover leftover, Optional<ChainFile> file) throws IOException {
        String name = leftover.vhd();
        Optional<Node> base = file.isEmpty() ? Optional.empty() : parent(file.get());
        if (base.isEmpty() || nodes.tree().problem(base.get()).isPresent()) {
            return SmStep.refused(
                    leftover.file(),
                    "a snapshot of " + name + " was interrupted after the disk's file got another name, and "
                            + leftover.file() + " does not tell which",
                    "Find the file that holds the disk's data, rename it to " + name + ", and delete "
                            + leftover.file());
        }
        String found = base.get().name();
        if (base.get().hidden()) {
            // The disk was empty itself: the new file on the same base copy is all that it was.
            return SmStep.possible(
                    leftover.file(),
                    "a snapshot of " + name + " was interrupted; the disk held nothing of its own over " + found,
                    "finished: " + leftover.file() + " becomes " + name,
                    () -> SmNodes.renameDurably(storage, leftover.file(), name));
        }
        if (!nodes.tree().children(found).isEmpty()) {
            return SmStep.refused(
                    leftover.file(),
                    "a snapshot of " + name + " was interrupted after the disk's file got the name " + found
                            + ", but others build on that",
                    "Find out what " + found + " is; if it is the disk, rename it to " + name + " and delete "
                            + leftover.file());
        }
        return SmStep.possible(
                leftover.file(),
                "a snapshot of " + name + " was interrupted after the disk's file got the name " + found,
                "undone: " + found + " becomes " + name + ", " + leftover.file() + " is deleted",
                () -> {
                    SmNodes.renameDurably(storage, found, name);
                    SmNodes.deleteDurably(storage, leftover.file());
                });
    }

    private Optional<Node> parent(ChainFile file) throws IOException {
        try {
            return new ParentFinder(storage)
                    .parentOf(file)
                    .flatMap(p -> nodes.tree().node(p.name()));
        } catch (MissingParentException e) {
            return Optional.empty();
        }
    }

    /** Tells what is to be done about files that have two names, without a new file that tells which is the disk's. */
    List<SmStep> twins() throws IOException {
        List<SmStep> steps = new ArrayList<>();
        for (List<String> names : SmTwins.find(storage)) {
            if (!hasNewLeaf(names)) {
                steps.add(twins(names));
            }
        }
        return steps;
    }

    private boolean hasNewLeaf(List<String> names) throws IOException {
        for (String name : names) {
            if (storage.exists(SrFiles.stem(name) + ".vhd.new")) {
                return true;
            }
        }
        return false;
    }

    private SmStep twins(List<String> names) throws IOException {
        Optional<String> disk = diskOfLastSnapshot().filter(names::contains);
        boolean childless =
                names.stream().allMatch(name -> nodes.tree().children(name).isEmpty());
        if (disk.isEmpty() || !childless || names.size() != 2) {
            return SmStep.refused(
                    names.get(0),
                    String.join(" and ", names) + " are names of one file, so both would be the same disk",
                    "Find out which name is the disk's, and delete the others with rm: the file stays as long as it has one");
        }
        String other = names.get(names.indexOf(disk.get()) == 0 ? 1 : 0);
        return SmStep.possible(
                other,
                "a snapshot of " + disk.get() + " was interrupted; " + other + " is a second name of its file",
                "undone: the second name is deleted",
                () -> SmNodes.deleteDurably(storage, other));
    }

    /**
     * Returns the file of the disk of which sm's log tells a snapshot that did not end. A line of it: {@code TIME log: SRPATH
     * PATH vdi_clone SR VDI [DEST]}, and for the end of that: {@code TIME end: ...}.
     */
    private Optional<String> diskOfLastSnapshot() throws IOException {
        List<String> lines = endOf(LOG).lines().filter(line -> !line.isBlank()).toList();
        String last = lines.isEmpty() ? "" : lines.get(lines.size() - 1);
        int at = last.indexOf(" vdi_clone ");
        if (at < 0 || !last.contains(" log: ")) {
            return Optional.empty();
        }
        String[] words = SPACES.split(last.substring(at).strip(), -1);
        return words.length > 2 && Uuids.isUuid(words[2]) ? Optional.of(words[2] + ".vhd") : Optional.empty();
    }

    /** The log grows without end. */
    private String endOf(String name) throws IOException {
        if (!storage.exists(name)) {
            return "";
        }
        try (BlockFile file = storage.openReadOnly(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(LOG_END_BYTES);
            file.read(Math.max(0, file.size() - LOG_END_BYTES), bytes);
            return new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
        }
    }
}
