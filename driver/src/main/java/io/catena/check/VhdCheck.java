package io.catena.check;

import io.catena.check.finding.Code;
import io.catena.check.finding.Finding;
import io.catena.check.finding.Findings;
import io.catena.check.finding.Report;
import io.catena.check.finding.Severity;
import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.format.VhdTime;
import io.catena.op.OfflineAccess;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.WrittenElsewhereException;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.time.Clock;
import java.util.List;

/**
 * Finds every fault of a VHD file: those that vhd-util's check finds, and those that it misses. Any bytes give a report.
 *
 * <p>Reads tables piece by piece, so that the size of a file does not matter for the memory it takes; blocks are sorted to
 * see whether they overlap, four bytes each. Nothing is changed.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class VhdCheck {
    private final Storage storage;
    private final Clock clock;

    /**
     * @param clock tells what is in the future
     */
    public VhdCheck(Storage storage, Clock clock) {
        this.storage = storage;
        this.clock = clock;
    }

    /**
     * Checks a file.
     *
     * @throws java.nio.file.NoSuchFileException if there is no such file
     * @throws IOException if the file cannot be read, or its data is to be looked at while another program writes it, or after
     *     an agent that wrote it died; never because of what its bytes are
     */
    public Report check(String name, CheckOptions options) throws IOException {
        if (options.data()) {
            checkIsWhole(name);
        }
        try (BlockFile file = storage.openReadOnly(name)) {
            return check(name, file, options);
        }
    }

    private void checkIsWhole(String name) throws IOException {
        if (storage.isWrittenElsewhere(name)) {
            throw new WrittenElsewhereException(
                    name,
                    "its bitmaps are behind its data",
                    Advice.of("Detach the disk first: ").then(Remedy.of(Verb.VDI_DETACH)));
        }
        OfflineAccess.checkAreWhole(storage, List.of(name));
    }

    /**
     * Checks a file as {@code view} shows it.
     *
     * @param name where the file is, which its parents are found from
     */
    public Report check(String name, BlockFile view, CheckOptions options) throws IOException {
        Findings findings = new Findings();
        checkFile(name, RawImage.read(view), options, findings);
        return Report.of(name, findings.all());
    }

    /** Checks the parts in the order in which each is needed to make sense of the next. */
    private void checkFile(String name, RawImage image, CheckOptions options, Findings findings) throws IOException {
        long now =
                Integer.toUnsignedLong(VhdTime.fromEpochSeconds(clock.instant().getEpochSecond()));
        new FooterRules(now, options.ignoreTimestamps()).check(image, findings);
        RawFooter footer = image.footer();
        if (footer == null || !footer.isSparse() || findings.has(Code.CREATOR_LITTLE_ENDIAN)) {
            return;
        }
        new HeaderRules(now, options.ignoreTimestamps()).check(image, findings);
        if (findings.has(Code.TOO_MANY_BLOCKS)) {
            return;
        }
        if (image.hasTable()) {
            TableRules.check(image, findings);
            BatmapRules.check(image, findings);
            // Of blocks in one place nobody knows whose the data is, and there may be more of them than bytes.
            boolean apart = !findings.has(Code.BLOCK_OVERLAP);
            if (apart && (options.data() || (DataRules.isLittle(image) && isWhole(name)))) {
                DataRules.check(image, findings);
            }
        }
        RawHeader header = image.header();
        if (footer.type() == RawFooter.DIFFERENCING && header != null && header.isIntact()) {
            LocatorRules.check(image, findings);
            checkChain(name, image, options, findings);
        }
    }

    /** The bitmaps of a disk that is written are behind its data until it is flushed, or until its redo log is replayed. */
    private boolean isWhole(String name) throws IOException {
        return !storage.isWrittenElsewhere(name) && OfflineAccess.isWhole(storage, name);
    }

    private void checkChain(String name, RawImage image, CheckOptions options, Findings findings) throws IOException {
        ChainRules rules = new ChainRules(storage, name, image, options.ignoreTimestamps(), findings);
        ChainFile parent = rules.checkParent();
        if (parent == null) {
            return;
        }
        List<ChainFile> ancestors = rules.followUp(parent);
        if (options.chain()) {
            for (ChainFile ancestor : ancestors) {
                checkAncestor(ancestor, options, findings);
            }
        }
    }

    /** Sums up what the ancestor's own check finds; a raw file has nothing to check. */
    private void checkAncestor(ChainFile ancestor, CheckOptions options, Findings findings) throws IOException {
        if (ancestor.headers() == null) {
            return;
        }
        CheckOptions itself = new CheckOptions(options.data(), false, options.ignoreTimestamps());
        for (Finding finding : check(ancestor.name(), itself).findings()) {
            if (finding.severity() != Severity.NOTE) {
                findings.add(
                        finding.severity() == Severity.WARNING ? Code.ANCESTOR_WARNING : Code.ANCESTOR_DAMAGED,
                        finding.offset(),
                        ancestor.name() + ": " + finding.code() + ": " + finding.found(),
                        finding.expected());
            }
        }
    }
}
