package io.catena.check;

import io.catena.check.finding.Code;
import io.catena.check.finding.Finding;
import io.catena.check.finding.Findings;
import io.catena.check.finding.Severity;
import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import io.catena.check.undo.PatchedView;
import io.catena.check.undo.UndoFile;
import io.catena.format.VhdTime;
import io.catena.op.OfflineAccess;
import io.catena.remedy.Advice;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts right what can be put right in a VHD file without a guess: {@link #plan} tells what that is, {@link #apply} does it,
 * {@link #undo} takes it back.
 *
 * <p>Nothing that a guest sees ever changes, unless blocks are given up on request. The file must not be open anywhere else.
 *
 * <p><b>Threads.</b> Not safe for use by several threads on one file.
 */
public final class VhdRepair {
    /** Blocks that the file does not hold whole; to give them up loses what they held. */
    static final Set<Code> PAST_END = EnumSet.of(Code.BLOCK_PAST_END, Code.BLOCK_DATA_LOST);

    private final Storage storage;
    private final Clock clock;
    private final Supplier<UUID> ids;

    /**
     * @param ids gives a disk without a unique id one
     */
    public VhdRepair(Storage storage, Clock clock, Supplier<UUID> ids) {
        this.storage = storage;
        this.clock = clock;
        this.ids = ids;
    }

    /**
     * Tells what a repair would do. Writes nothing.
     *
     * @throws NoSuchFileException if there is no such file
     * @throws IOException if a file cannot be read, the journal does not belong to the disk, or the undo file of an
     *     interrupted repair is damaged
     */
    public RepairPlan plan(String name, RepairOptions options) throws IOException {
        Optional<UndoFile> unfinished = UndoFile.read(storage, name).filter(UndoFile::underWay);
        try (BlockFile file = storage.openReadOnly(name)) {
            BlockFile view = unfinished.isPresent() ? PatchedView.undone(file, unfinished.get()) : file;
            ChangeList changes = new ChangeList(view);
            List<Advice> leftAlone = new ArrayList<>();
            long size = planChanges(name, view, options, changes, leftAlone);
            leftAlone.addAll(remaining(name, PatchedView.repaired(view, changes.all(), size)));
            return new RepairPlan(name, unfinished.isPresent(), changes.all(), view.size(), size, leftAlone);
        }
    }

    /** Returns what is wrong with the file as it will be: whoever is told that nothing is left, may rely on the check. */
    private List<Advice> remaining(String name, BlockFile repaired) throws IOException {
        List<Advice> lines = new ArrayList<>();
        for (Finding finding : new VhdCheck(storage, clock)
                .check(name, repaired, CheckOptions.PLAIN)
                .findings()) {
            if (finding.severity().compareTo(Severity.REPAIRABLE) >= 0) {
                Advice line = Advice.of(finding.code() + " at byte " + finding.offset() + ": "
                        + finding.code().meaning() + "; found " + finding.found());
                lines.add(finding.code().isRepaired() ? line : line.then("; ").then(finding.advice()));
            }
        }
        return lines;
    }

    private long planChanges(
            String name, BlockFile file, RepairOptions options, ChangeList changes, List<Advice> leftAlone)
            throws IOException {
        RawImage image = RawImage.read(file);
        if (image.isPoisoned()) {
            return planRevert(image, options.journal(), changes);
        }
        if (image.footer() == null) {
            return image.size();
        }
        Findings findings = findings(image);
        if (findings.has(Code.CREATOR_LITTLE_ENDIAN) || findings.has(Code.TOO_MANY_BLOCKS)) {
            return image.size();
        }
        boolean overlap = findings.has(Code.METADATA_OVERLAP);
        if (overlap) {
            leftAlone.add(Advice.of("parts of the metadata overlap, so only footers can be restored"));
        }
        BatmapRepair.Outcome batmap = BatmapRepair.Outcome.UNCHANGED;
        if (image.hasTable() && !overlap) {
            boolean drops = options.dropEntriesPastEnd() && PAST_END.stream().anyMatch(findings::has);
            if (drops) {
                TableRepair.plan(image, changes);
            }
            batmap = new BatmapRepair(image, findings, changes, leftAlone).plan(drops);
        }
        RawHeader header = image.header();
        if (header != null && header.isIntact() && !overlap) {
            new HeaderRepair(image, findings)
                    .plan(
                            new LocatorRepair(storage, name, leftAlone),
                            new LocatorWriter(storage, name, leftAlone),
                            batmap.end(),
                            changes);
        }
        Findings remaining = options.dropEntriesPastEnd() && !overlap ? findings.without(PAST_END) : findings;
        return new FooterRepair(image, remaining, ids, changes, leftAlone).plan(batmap);
    }

    private long planRevert(RawImage image, @Nullable String journal, ChangeList changes) throws IOException {
        if (journal == null) {
            return image.size();
        }
        try (BlockFile file = storage.openReadOnly(journal)) {
            return JournalRevert.plan(file, image, changes);
        }
    }

    /** Times and parents do not matter here, but for the locators' names. */
    private Findings findings(RawImage image) throws IOException {
        Findings findings = new Findings();
        long now =
                Integer.toUnsignedLong(VhdTime.fromEpochSeconds(clock.instant().getEpochSecond()));
        new FooterRules(now, true).check(image, findings);
        if (!image.sparseFooter().isSparse()) {
            return findings;
        }
        new HeaderRules(now, true).check(image, findings);
        if (findings.has(Code.TOO_MANY_BLOCKS)) {
            return findings;
        }
        if (image.hasTable()) {
            TableRules.check(image, findings);
            BatmapRules.check(image, findings);
            if (!findings.has(Code.BLOCK_OVERLAP)) {
                DataRules.checkBatmap(image, findings);
            }
        }
        RawHeader header = image.header();
        if (image.sparseFooter().type() == RawFooter.DIFFERENCING && header != null && header.isIntact()) {
            LocatorRules.check(image, findings);
        }
        return findings;
    }

    /**
     * Carries out a plan. Durable when this returns; the undo file stays, for {@link #undo}.
     *
     * <ol>
     *   <li>Take back a repair that was interrupted, with the help of its undo file: the plan was made for the file as it
     *       was before that.
     *   <li>Make sure that the file is still as the plan found it; nothing was written until here.
     *   <li>Make the undo file, durably, before the first change: a header of two sectors that is half written has no
     *       other copy. From here to the last step the undo file says that the file holds a mixture.
     *   <li>Write all but footers; sync. The footers say nothing about it, and readers who meet a half of it find a wrong
     *       checksum.
     *   <li>Write the footer that could not be used, or else the one at the end; sync. Until then the other one is
     *       untouched, so there is a good footer at any moment.
     *   <li>Write the other footer; sync. If the file is to be shorter, it is cut off right before the one at the end.
     *   <li>Note in the undo file that the file is as repaired, only now that all of it is durable.
     * </ol>
     *
     * @throws io.catena.store.StorageLockedException if the file is in an SR that is attached
     * @throws IOException if the file is not as it was when the plan was made, or cannot be written
     */
    public void apply(RepairPlan plan) throws IOException {
        if (plan.isEmpty()) {
            return;
        }
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            applyAlone(plan);
        }
    }

    private void applyAlone(RepairPlan plan) throws IOException {
        String name = plan.file();
        try (BlockFile file = storage.open(name)) {
            if (plan.takesBack()) {
                takeBack(file, name);
            }
            checkUnchanged(file, plan);
            if (plan.changes().isEmpty()) {
                UndoFile.delete(storage, name);
                return;
            }
            new UndoFile(true, plan.sizeBefore(), plan.sizeAfter(), plan.changes()).write(storage, name);
            write(file, plan.changes(), Change.Step.METADATA);
            write(file, plan.changes(), Change.Step.FIRST_FOOTER);
            write(file, plan.changes(), Change.Step.SECOND_FOOTER);
        }
        UndoFile.mark(storage, name, false);
    }

    private void takeBack(BlockFile file, String name) throws IOException {
        Optional<UndoFile> undo = UndoFile.read(storage, name);
        if (undo.isPresent() && undo.get().underWay()) {
            undo.get().takeBack(file);
        }
    }

    private static void checkUnchanged(BlockFile file, RepairPlan plan) throws IOException {
        boolean same = file.size() == plan.sizeBefore();
        for (Change change : plan.changes()) {
            ByteBuffer now = ByteBuffer.allocate(change.before().remaining());
            file.read(change.offset(), now);
            same &= now.flip().equals(change.before());
        }
        if (!same) {
            throw new IOException(file.name() + " has changed since the repair was planned; plan it again");
        }
    }

    /** Writes the changes of one step; durable when this returns. */
    public static void write(BlockFile file, List<Change> changes, Change.Step step) throws IOException {
        boolean written = false;
        for (Change change : changes) {
            if (change.step() == step) {
                write(file, change);
                written = true;
            }
        }
        if (written) {
            file.sync();
        }
    }

    private static void write(BlockFile file, Change change) throws IOException {
        if (change.after().hasRemaining()) {
            file.write(change.offset(), change.after());
        } else {
            file.truncate(change.offset());
        }
    }

    /**
     * Takes the last repair of a file back, also one that was interrupted. May be repeated until it succeeds.
     *
     * <ol>
     *   <li>Note in the undo file that the file holds a mixture from now on.
     *   <li>Put the old bytes and the old size back; sync.
     *   <li>Remove the undo file, only now that it is not needed any more.
     * </ol>
     *
     * @throws NoSuchFileException if there is no undo file
     * @throws io.catena.store.StorageLockedException if the file is in an SR that is attached
     * @throws IOException if the undo file is damaged, or somebody else has changed the file since
     */
    public void undo(String name) throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            undoAlone(name);
        }
    }

    private void undoAlone(String name) throws IOException {
        UndoFile undo = UndoFile.read(storage, name)
                .orElseThrow(() -> new NoSuchFileException(
                        UndoFile.nameFor(name), null, "there is no repair of " + name + " to take back"));
        try (BlockFile file = storage.open(name)) {
            UndoFile.mark(storage, name, true);
            undo.takeBack(file);
        }
        UndoFile.delete(storage, name);
    }
}
