package io.catena.check;

import static java.nio.charset.StandardCharsets.UTF_16BE;

import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.RawLocator;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Drops parent locators that cannot be used, as long as a good one is left, and gives the parent the name that it has. */
final class LocatorRepair {
    private static final int RESERVED = 12;

    private final Storage storage;
    private final String file;
    private final List<Advice> leftAlone;

    LocatorRepair(Storage storage, String file, List<Advice> leftAlone) {
        this.storage = storage;
        this.file = file;
        this.leftAlone = leftAlone;
    }

    /**
     * Changes the header's bytes.
     *
     * @param image its header's bytes are changed
     */
    void fix(RawImage image, StringBuilder why) throws IOException {
        clearReserved(image, why);
        ParentSearch search = ParentSearch.run(storage, file, image);
        Optional<RawLocator> good = good(image, search);
        if (good.isEmpty()) {
            leftAlone.add(Advice.of("no parent locator leads to the parent, so none is dropped; name the parent: ")
                    .then(Remedy.of(Verb.VHD_REPARENT, "FILE").with("parent", "PARENT")));
            return;
        }
        String name =
                good.get().path(image.file(), image.size()).map(Paths::lastPart).orElse("");
        Set<Integer> platforms = new HashSet<>();
        platforms.add(good.get().platform());
        for (RawLocator locator : image.sparseHeader().locators()) {
            if (!locator.isUsed() || locator.slot() == good.get().slot()) {
                continue;
            }
            Optional<String> path = locator.path(image.file(), image.size());
            boolean other = path.isPresent() && !Paths.lastPart(path.get()).equalsIgnoreCase(name);
            if (!LocatorRules.isSound(image, locator) || other || !platforms.add(locator.platform())) {
                clear(image, locator);
                why.append(" parent locator ").append(locator.slot()).append(" cannot be used;");
            }
        }
        setName(image, name, why);
    }

    private static void clearReserved(RawImage image, StringBuilder why) {
        for (RawLocator locator : image.sparseHeader().locators()) {
            if (!locator.isUsed() && !locator.isZero()) {
                clear(image, locator);
                why.append(" unused parent locator ").append(locator.slot()).append(" is not zero;");
            } else if (locator.isUsed() && locator.reserved() != 0) {
                image.sparseHeader().bytes().putInt(at(locator) + RESERVED, 0);
                why.append(" reserved bytes of parent locator ")
                        .append(locator.slot())
                        .append(" are not zero;");
            }
        }
    }

    /**
     * The first that leads to the parent, or to its name if it stands beside the child. While the parent is not there,
     * nobody knows which of several names is right.
     */
    private static Optional<RawLocator> good(RawImage image, ParentSearch search) throws IOException {
        ChainFile parent = search.parent();
        if (parent == null) {
            return Optional.empty();
        }
        for (var target : search.targets().entrySet()) {
            RawLocator locator = target.getKey();
            Optional<String> name = locator.path(image.file(), image.size()).map(Paths::lastPart);
            boolean leads = search.byNameOnly()
                    ? name.equals(Optional.of(Paths.lastPart(parent.name())))
                    : target.getValue().equals(Optional.of(parent.name()));
            if (leads && LocatorRules.isSound(image, locator)) {
                return Optional.of(locator);
            }
        }
        return Optional.empty();
    }

    private static void setName(RawImage image, String name, StringBuilder why) {
        RawHeader header = image.sparseHeader();
        String present = header.parentName().map(Paths::lastPart).orElse("");
        byte[] bytes = name.getBytes(UTF_16BE);
        int room = RawHeader.LOCATORS - RawHeader.PARENT_NAME;
        boolean same = image.sparseFooter().isTap() ? present.equals(name) : present.equalsIgnoreCase(name);
        if (same || bytes.length > room) {
            return;
        }
        header.bytes().put(RawHeader.PARENT_NAME, new byte[room]).put(RawHeader.PARENT_NAME, bytes);
        why.append(" the parent's name is \"")
                .append(name)
                .append("\", not \"")
                .append(present)
                .append("\";");
    }

    private static void clear(RawImage image, RawLocator locator) {
        ByteBuffer bytes = image.sparseHeader().bytes();
        bytes.put(at(locator), new byte[RawLocator.SIZE]);
    }

    private static int at(RawLocator locator) {
        return RawHeader.LOCATORS + locator.slot() * RawLocator.SIZE;
    }
}
