package io.catena.check;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.RawLocator;
import io.catena.format.VhdTime;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentFinder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What must hold between a differencing disk and the files that it builds on. */
final class ChainRules {
    private final Storage storage;
    private final String child;
    private final RawImage image;
    private final boolean ignoreTimestamps;
    private final Findings findings;

    ChainRules(Storage storage, String child, RawImage image, boolean ignoreTimestamps, Findings findings) {
        this.storage = storage;
        this.child = child;
        this.image = image;
        this.ignoreTimestamps = ignoreTimestamps;
        this.findings = findings;
    }

    /** Checks that the parent is there and the right one; returns it, or null if there is none. */
    @Nullable
    ChainFile checkParent() throws IOException {
        ParentSearch search = ParentSearch.run(storage, child, image);
        ChainFile parent = search.parent();
        if (parent == null) {
            addNoParent(search.candidates());
            return null;
        }
        checkLocators(search);
        if (search.byNameOnly()) {
            findings.add(
                    Code.PARENT_BY_NAME,
                    image.sparseHeader().offset() + RawHeader.LOCATORS,
                    "no parent locator leads to " + parent.name(),
                    "one that does");
        }
        checkSize(parent);
        checkTime(parent);
        return parent;
    }

    private void addNoParent(List<ParentSearch.Candidate> candidates) {
        RawHeader header = image.sparseHeader();
        if (candidates.isEmpty()) {
            findings.add(
                    Code.PARENT_MISSING,
                    header.offset() + RawHeader.LOCATORS,
                    "no file under any name given; the header's is \""
                            + header.parentName().orElse("") + "\"",
                    "the file with id " + header.parentId());
            return;
        }
        for (ParentSearch.Candidate candidate : candidates) {
            findings.add(
                    candidate.file() == null ? Code.PARENT_UNREADABLE : Code.PARENT_ID,
                    header.offset() + RawHeader.PARENT_ID,
                    candidate.name() + ": " + candidate.problem(),
                    "id " + header.parentId());
        }
    }

    private void checkLocators(ParentSearch search) {
        boolean found = false;
        for (var target : search.targets().entrySet()) {
            RawLocator locator = target.getKey();
            Optional<String> name = target.getValue();
            if (name.isEmpty()) {
                findings.add(Code.LOCATOR_STALE, locator.offset(), locator.name() + " leads to no file", "the parent");
            } else if (search.isParent(name.get())) {
                found = true;
            } else if (!found) {
                findings.add(
                        Code.LOCATOR_WRONG_PARENT,
                        locator.offset(),
                        locator.name() + " leads to " + name.get(),
                        "the file with id " + image.sparseHeader().parentId());
            }
        }
    }

    private void checkSize(ChainFile parent) {
        long size = image.sparseFooter().currentSize();
        if (parent.sizeBytes() != size) {
            findings.add(
                    parent.sizeBytes() > size ? Code.PARENT_LARGER : Code.PARENT_SMALLER,
                    image.sparseFooter().offset() + RawFooter.CURRENT_SIZE,
                    size + " bytes",
                    parent.sizeBytes() + ", as " + parent.name() + " has");
        }
    }

    private void checkTime(ChainFile parent) throws IOException {
        int stored = image.sparseHeader().bytes().getInt(RawHeader.PARENT_TIMESTAMP);
        long modified = storage.info(parent.name()).modifiedEpochSeconds();
        if (!ignoreTimestamps && VhdTime.fromEpochSeconds(modified) != stored) {
            findings.add(
                    Code.PARENT_CHANGED,
                    image.sparseHeader().offset() + RawHeader.PARENT_TIMESTAMP,
                    VhdTime.toInstant(stored).toString(),
                    VhdTime.toInstant(VhdTime.fromEpochSeconds(modified)).toString());
        }
    }

    /** Returns all ancestors, as far as they can be followed; tells if they lead back to one of them. */
    List<ChainFile> followUp(ChainFile parent) {
        ParentFinder finder = new ParentFinder(storage);
        List<ChainFile> ancestors = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        names.add(child);
        Optional<ChainFile> next = Optional.of(parent);
        while (next.isPresent()) {
            ChainFile file = next.get();
            if (!names.add(file.name())) {
                findings.add(
                        Code.CYCLE,
                        image.sparseHeader().offset() + RawHeader.PARENT_ID,
                        String.join(" -> ", names) + " -> " + file.name(),
                        "a chain that ends");
                break;
            }
            ancestors.add(file);
            next = parentOf(finder, file);
        }
        return ancestors;
    }

    /** What is wrong with a parent is its own check's affair; here the chain just ends. */
    private static Optional<ChainFile> parentOf(ParentFinder finder, ChainFile file) {
        try {
            return finder.parentOf(file);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
