package io.catena.sr.tree;

import io.catena.api.VdiId;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.sr.record.NameRoom;
import io.catena.sr.record.RawParents;
import io.catena.sr.record.VdiRecords;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.TooManyNamesException;
import io.catena.vhd.ChainFile;
import io.catena.vhd.MissingParentException;
import io.catena.vhd.ParentFinder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Looks at the files of an SR. A file that cannot be read becomes a node with a problem and hides no other. */
public final class TreeScanner {
    private static final String RAW = ".raw";
    private static final List<String> ENDS = List.of(".vhd", ".avhd", RAW);

    /** Characters of what is wrong with a file. */
    private static final int MOST_PROBLEM = 1000;

    private final Storage storage;

    public TreeScanner(Storage storage) {
        this.storage = storage;
    }

    /** Returns the names of all files that hold data, sorted. */
    public static List<String> nodes(Storage storage) throws IOException {
        return storage.list("", TreeScanner::isNode);
    }

    /**
     * Looks at all files, into each once, however many others build on it.
     *
     * @throws TooManyNamesException if there are more than an SR may have
     */
    public Tree scan() throws IOException {
        List<String> names = nodes(storage);
        NameRoom.check(names.size());
        List<Node> nodes = new ArrayList<>();
        Look look = new Look();
        for (String name : names) {
            look.at(name).ifPresent(nodes::add);
        }
        return new Tree(nodes, id -> new VdiRecords(storage).readable(id));
    }

    /** Looks into some files as who opens them does, whether their tables of blocks can be used; returns the nodes that have a problem. */
    List<Node> lookInside(Tree tree, Collection<String> names) {
        List<Node> broken = new ArrayList<>();
        for (String name : names) {
            Node node = tree.node(name).orElse(null);
            ChainFile file = node == null ? null : node.file();
            if (node != null && file != null && file.isSparse() && node.problem() == null) {
                Node looked = lookInside(node, file);
                if (looked.problem() != null) {
                    broken.add(looked);
                }
            }
        }
        return broken;
    }

    private Node lookInside(Node node, ChainFile file) {
        try {
            file.openReadOnly(storage).close();
            return node;
        } catch (IOException e) {
            return node.withProblem(message(e));
        }
    }

    /** Looks at some files again that were made, changed or deleted; returns the tree with what they are now. */
    Tree refresh(Tree tree, Collection<String> names) throws IOException {
        Set<String> each = new TreeSet<>(names);
        List<Node> found = new ArrayList<>();
        Look look = new Look();
        for (String name : each) {
            look.at(name).ifPresent(found::add);
        }
        return tree.with(each, found);
    }

    /** Whether a file of this name holds data. */
    public static boolean isNode(String name) {
        return ENDS.stream().anyMatch(name::endsWith);
    }

    /** Knows what it has seen of files in a row, so that none is read for each of its children. */
    private final class Look {
        private final Map<String, ChainFile> vhds = new HashMap<>();
        private final ParentFinder finder = new ParentFinder(storage, this::vhd);

        Optional<Node> at(String name) throws IOException {
            ChainFile file;
            try {
                file = file(name);
            } catch (NoSuchFileException e) {
                return Optional.empty();
            } catch (IOException e) {
                return Optional.of(new Node(Node.idByName(name), name, null, null, doubt(name), message(e)));
            }
            try {
                Optional<ChainFile> parent = finder.parentOf(file);
                String parentName = parent.map(ChainFile::name).orElse(null);
                VdiId id = Node.id(file);
                @Nullable String problem = sizeProblem(file);
                return Optional.of(new Node(
                        id,
                        name,
                        file,
                        parentName,
                        Node.Doubt.NONE,
                        problem == null && parent.isPresent() ? parentProblem(file, parent.get()) : problem,
                        isRawBaseCopy(id, file)));
            } catch (MissingParentException e) {
                return Optional.of(new Node(Node.id(file), name, file, null, Node.Doubt.NONE, message(e)));
            } catch (IOException e) {
                return Optional.of(new Node(Node.id(file), name, file, null, doubt(name), message(e)));
            }
        }

        private ChainFile file(String name) throws IOException {
            return name.endsWith(RAW) ? ChainFile.raw(storage, name) : vhd(name);
        }

        /** A file with the name of a raw one, too, that another names as a VHD. */
        private ChainFile vhd(String name) throws IOException {
            ChainFile file = vhds.get(name);
            if (file == null) {
                file = ChainFile.vhd(storage, name);
                vhds.put(name, file);
            }
            return file;
        }
    }

    /** The record of a raw file is read only if there is one; a file that has lost it shows as a disk. */
    private boolean isRawBaseCopy(VdiId id, ChainFile file) {
        return file.headers() == null && new VdiRecords(storage).get(id, "").isBaseCopy();
    }

    /** What lies outside is where the admin has allowed parents. */
    private @Nullable String parentProblem(ChainFile file, ChainFile parent) throws IOException {
        boolean isAllowed = parent.headers() != null
                || parent.name().contains("/")
                || new RawParents(storage).isAllowed(Node.id(parent));
        return isAllowed
                ? null
                : file.name() + " names the raw file " + parent.name()
                        + " as its parent, and no record says that others build"
                        + " on that; a check of the SR that repairs, and is told to keep " + file.name()
                        + ", allows it";
    }

    /** Raw disks are as large as they are. */
    private static @Nullable String sizeProblem(ChainFile file) {
        return file.headers() == null || file.sizeBytes() <= Footer.MAX_DISK_BYTES
                ? null
                : file.name() + ": the disk has " + file.sizeBytes() + " bytes, more than the format's limit of "
                        + Footer.MAX_DISK_BYTES;
    }

    /** Which parent a damaged file may have: its header may be whole though its footers are not. */
    private Node.Doubt doubt(String name) {
        try (BlockFile file = storage.openReadOnly(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(DynamicHeader.SIZE);
            file.readFully(Footer.SIZE, bytes);
            DynamicHeader header = DynamicHeader.decode(bytes.flip(), name, Footer.SIZE);
            boolean named = !header.parentId().equals(DynamicHeader.NO_ID)
                    || header.parentName().isEmpty();
            return named ? new Node.Doubt(false, header.parentId()) : Node.Doubt.ANY;
        } catch (IOException e) {
            return Node.Doubt.ANY;
        }
    }

    /** Whether a node lost the id that its file claims to another. */
    static boolean isTwin(Node node) {
        return !node.claimedId().equals(node.id());
    }

    /** It may tell of all that the file says, which nobody needs to be kept. */
    private static String message(IOException e) {
        String text = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return text.length() <= MOST_PROBLEM ? text : text.substring(0, MOST_PROBLEM) + "...";
    }
}
