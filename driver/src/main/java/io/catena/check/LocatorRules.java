package io.catena.check;

import static io.catena.check.finding.Findings.hex;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.RawLocator;
import io.catena.format.ParentLocator;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** What must hold for the parent locators of a differencing disk, without a look at the files they lead to. */
final class LocatorRules {
    private final RawImage image;
    private final Findings findings;
    private final Set<Integer> platforms = new HashSet<>();

    private LocatorRules(RawImage image, Findings findings) {
        this.image = image;
        this.findings = findings;
    }

    /** Checks the locators of an image whose header is intact. */
    static void check(RawImage image, Findings findings) throws IOException {
        LocatorRules rules = new LocatorRules(image, findings);
        for (RawLocator locator : image.sparseHeader().locators()) {
            if (locator.isUsed()) {
                rules.checkUsed(locator);
            }
        }
        checkUnused(image.sparseHeader(), findings);
    }

    /** Checks the locators that lead nowhere; nobody follows the place of such a one. */
    static void checkUnused(RawHeader header, Findings findings) {
        for (RawLocator locator : header.locators()) {
            if (!locator.isUsed() && !locator.isZero()) {
                boolean harmless = locator.isZeroButForPlace();
                findings.add(
                        harmless ? Code.LOCATOR_UNUSED_PLACE : Code.LOCATOR_NOT_EMPTY,
                        locator.offset(),
                        harmless ? "the place " + locator.payloadOffset() : "bytes other than zero",
                        "24 zeros");
            }
        }
    }

    /** Whether a used locator can stay: it is known, has a place, and if it is a path, that can be read. */
    static boolean isSound(RawImage image, RawLocator locator) throws IOException {
        Findings findings = new Findings();
        new LocatorRules(image, findings).checkUsed(locator);
        return findings.all().stream().allMatch(finding -> finding.code() == Code.LOCATOR_NAME);
    }

    private void checkUsed(RawLocator locator) throws IOException {
        if (!locator.isKnown()) {
            findings.add(Code.LOCATOR_PLATFORM, locator.offset(), locator.name(), "W2ru, W2ku, MacX or an older one");
            return;
        }
        if (!platforms.add(locator.platform())) {
            findings.add(Code.LOCATOR_DUPLICATE, locator.offset(), locator.name() + " again", "each once");
        }
        if (locator.reserved() != 0) {
            findings.add(Code.LOCATOR_RESERVED, locator.offset() + 12, hex(locator.reserved()), "0");
        }
        if (hasPlace(locator) && locator.isPath()) {
            checkPath(locator);
        }
    }

    private boolean hasPlace(RawLocator locator) {
        if (locator.payloadOffset() <= 0) {
            findings.add(
                    Code.LOCATOR_OFFSET,
                    locator.offset() + 16,
                    Long.toUnsignedString(locator.payloadOffset()),
                    "a place in the file");
            return false;
        }
        if (locator.spaceBytes() == 0) {
            findings.add(
                    Code.LOCATOR_SPACE,
                    locator.offset() + 4,
                    Integer.toUnsignedString(locator.bytes().getInt(4)),
                    "a number of sectors, or a multiple of 512");
            return false;
        }
        boolean sane = locator.length() > 0 && locator.length() <= locator.spaceBytes();
        if (!sane || (locator.isPath() && locator.length() > ParentLocator.MAX_PATH_BYTES)) {
            findings.add(
                    Code.LOCATOR_LENGTH,
                    locator.offset() + 8,
                    Integer.toUnsignedString(locator.length()) + " bytes",
                    "1 to " + Math.min(locator.spaceBytes(), ParentLocator.MAX_PATH_BYTES));
            return false;
        }
        if (!locator.isWithin(image.dataLimit())) {
            findings.add(
                    Code.LOCATOR_PAST_END,
                    locator.offset() + 16,
                    locator.spaceBytes() + " bytes at byte " + locator.payloadOffset(),
                    "an end not behind byte " + image.dataLimit());
            return false;
        }
        return true;
    }

    private void checkPath(RawLocator locator) throws IOException {
        Optional<String> path = locator.path(image.file(), image.size());
        if (path.isEmpty()) {
            findings.add(Code.LOCATOR_UNREADABLE, locator.payloadOffset(), "no path", "a " + locator.name() + " path");
            return;
        }
        String parentName = Paths.lastPart(image.sparseHeader().parentName().orElse(""));
        String name = Paths.lastPart(path.get());
        Optional<String> decoded = locator.unescaped(path.get()).map(Paths::lastPart);
        if (!sameName(name, parentName)
                && !decoded.filter(n -> sameName(n, parentName)).isPresent()) {
            findings.add(
                    Code.LOCATOR_NAME,
                    locator.payloadOffset(),
                    locator.name() + " leads to \"" + name + "\"",
                    "\"" + parentName + "\", the parent name in the header");
        }
    }

    /** Windows does not tell upper from lower case in names. */
    private boolean sameName(String a, String b) {
        return image.sparseFooter().isTap() ? a.equals(b) : a.equalsIgnoreCase(b);
    }
}
