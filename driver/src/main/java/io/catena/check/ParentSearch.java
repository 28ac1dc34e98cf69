package io.catena.check;

import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.RawLocator;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Follows a differencing disk's parent locators to files: which lead anywhere, and which to the parent. */
final class ParentSearch {
    private final Storage storage;
    private final String child;
    private final RawImage image;
    private final Map<RawLocator, Optional<String>> targets = new LinkedHashMap<>();
    private final Map<String, Candidate> candidates = new LinkedHashMap<>();
    private @Nullable ChainFile parent;
    private boolean byNameOnly;

    /**
     * A file that has one of the names that the child gives its parent.
     *
     * @param file what it says of itself; null if it cannot be opened
     * @param problem why it is not the parent; empty if it is
     */
    record Candidate(String name, @Nullable ChainFile file, String problem) {}

    private ParentSearch(Storage storage, String child, RawImage image) {
        this.storage = storage;
        this.child = child;
        this.image = image;
    }

    /** Searches the parent of an image whose header is intact; locators count in their order, as for blktap. */
    static ParentSearch run(Storage storage, String child, RawImage image) throws IOException {
        ParentSearch search = new ParentSearch(storage, child, image);
        search.followLocators();
        if (search.parent == null) {
            search.lookBesideChild();
        }
        return search;
    }

    private void followLocators() throws IOException {
        for (RawLocator locator : image.sparseHeader().locators()) {
            Optional<String> path = locator.path(image.file(), image.size());
            if (path.isPresent()) {
                Optional<String> name = existing(path.get())
                        .or(() -> locator.unescaped(path.get()).flatMap(this::existing));
                targets.put(locator, name);
                name.ifPresent(this::consider);
            }
        }
    }

    /** Hyper-V's chains that moved to another place are found like this. */
    private void lookBesideChild() throws IOException {
        Set<String> names = new LinkedHashSet<>();
        for (RawLocator locator : targets.keySet()) {
            Optional<String> path = locator.path(image.file(), image.size());
            path.map(Paths::lastPart).ifPresent(names::add);
            path.flatMap(locator::unescaped).map(Paths::lastPart).ifPresent(names::add);
        }
        image.sparseHeader().parentName().map(Paths::lastPart).ifPresent(names::add);
        names.remove("");
        for (String name : names) {
            existing(name).ifPresent(this::consider);
        }
        byNameOnly = parent != null;
    }

    /** Returns the name of the file that a path leads to; a path that the system cannot even look up leads nowhere. */
    private Optional<String> existing(String path) {
        try {
            String name = storage.resolve(child, path);
            return storage.exists(name) ? Optional.of(name) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private void consider(String name) {
        if (!candidates.containsKey(name)) {
            Candidate candidate = candidate(name);
            candidates.put(name, candidate);
            if (parent == null && candidate.problem().isEmpty()) {
                parent = candidate.file();
            }
        }
    }

    private Candidate candidate(String name) {
        RawHeader header = image.sparseHeader();
        try {
            if (header.hasRawParent()) {
                return new Candidate(name, ChainFile.raw(storage, name), "");
            }
            ChainFile file = ChainFile.vhd(storage, name);
            Optional<UUID> id = file.uniqueId();
            String problem = id.equals(Optional.of(header.parentId())) ? "" : "has id " + id.orElse(null);
            return new Candidate(name, file, problem);
        } catch (IOException e) {
            return new Candidate(name, null, String.valueOf(e.getMessage()));
        }
    }

    /** Returns the parent, or null if none of the files is it. */
    @Nullable
    ChainFile parent() {
        return parent;
    }

    /** Whether no locator led to the parent. */
    boolean byNameOnly() {
        return byNameOnly;
    }

    /** Returns the locators that hold a path, each with the file that it leads to, if any. */
    Map<RawLocator, Optional<String>> targets() {
        return targets;
    }

    /** Returns the files that have one of the names, most trusted first. */
    List<Candidate> candidates() {
        return new ArrayList<>(candidates.values());
    }

    /** Whether a file is the parent, or might be. */
    boolean isParent(String name) {
        Candidate candidate = candidates.get(name);
        return candidate != null && candidate.problem().isEmpty();
    }
}
