package io.catena.sr.record;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.format.CorruptVhdException;
import io.catena.format.UnsupportedVhdException;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.LeaseLostException;
import io.catena.store.MemoryShortageException;
import io.catena.store.StorageAwayException;
import io.catena.store.StorageLockedException;
import io.catena.store.TooManyNamesException;
import io.catena.vhd.MissingParentException;
import io.catena.vhd.map.RedoMisfitException;
import java.io.IOException;
import java.util.Locale;
import java.util.Objects;

/** The boundary at which failures of files become errors that users see. */
public final class Errors {
    private Errors() {}

    /** Work that may fail with an {@link IOException}. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /** Runs {@code work}; {@code what} says what was tried, for instance "attach SR x". */
    public static <T> T translate(String what, Work<T> work) {
        try {
            return work.run();
        } catch (IOException e) {
            throw of(what, e);
        }
    }

    /** Returns the error that tells of {@code e}. */
    public static SrException of(String what, IOException e) {
        String detail = what + ": "
                + Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
        if (e instanceof StorageLockedException) {
            return new SrException(SrError.SR_IN_USE, detail, e)
                    .correction("Detach it where it is attached; only one agent may use an SR.");
        }
        if (e instanceof LeaseLostException) {
            return new SrException(SrError.SR_UNAVAILABLE, detail, e)
                    .correction(
                            "See that the SR's file system is mounted where it was, and that no other agent uses it; then"
                                    + " detach the SR and attach it again.");
        }
        if (e instanceof StorageAwayException) {
            return new SrException(SrError.SR_UNAVAILABLE, detail, e)
                    .correction("Mount the SR's file system again where it was; nothing was forgotten.");
        }
        if (e instanceof MemoryShortageException) {
            return new SrException(SrError.MEMORY_SHORTAGE, detail, e)
                    .correction(
                            "Detach disks or SRs that are not needed, or give the agent a larger heap (CATENA_HEAP=1g).");
        }
        if (e instanceof TooManyNamesException) {
            return new SrException(SrError.SR_UNAVAILABLE, detail, e)
                    .correction(
                            "Move what does not belong there to another directory. Disks that are in use go on meanwhile.");
        }
        if (e instanceof MissingParentException) {
            return new SrException(SrError.VDI_UNAVAILABLE, detail, e)
                    .correction("Put the parent back where the disk names it; other disks of the SR can be used.");
        }
        if (e instanceof RedoMisfitException) {
            return new SrException(SrError.VDI_UNAVAILABLE, detail, e)
                    .correction(
                            "Put the file back as the agent left it; or detach the SR, attach it again, and give up what is"
                                    + " in the log: ",
                            Remedy.of(Verb.SR_CHECK, "SR").with("repair").with("acceptLoss"));
        }
        if (e instanceof UnsupportedVhdException unsupported && unsupported.advice() != null) {
            return new SrException(SrError.VDI_UNAVAILABLE, detail, e).correction(unsupported.advice());
        }
        if (e instanceof CorruptVhdException || e instanceof UnsupportedVhdException) {
            return new SrException(SrError.VDI_UNAVAILABLE, detail, e).correction(lookAtFile("FILE"));
        }
        if (isNoSpace(e)) {
            return new SrException(SrError.SR_NO_SPACE, detail, e)
                    .correction(
                            "Free space on the SR's file system: delete disks or snapshots, then: ",
                            Remedy.of(Verb.GC_RUN, "SR"));
        }
        if (tells(e, "file too large")) {
            return new SrException(SrError.VDI_SIZE, detail, e)
                    .correction("Choose a smaller size; the SR's file system has no files as large.");
        }
        return new SrException(SrError.IO_ERROR, detail, e)
                .correction("Check the SR's file system and its device, then try again.");
    }

    /** Returns what to do about a file that is no VHD which can be used. */
    public static Advice lookAtFile(String file) {
        return Advice.of("Look at the file (")
                .then(Remedy.of(Verb.VHD_CHECK, file))
                .then("); other disks of the SR can be used.");
    }

    /** Whether the file system is full. The JDK tells it by the text of strerror(3) alone. */
    public static boolean isNoSpace(IOException e) {
        return tells(e, "no space left on device");
    }

    private static boolean tells(IOException e, String reason) {
        return Objects.requireNonNullElse(e.getMessage(), "")
                .toLowerCase(Locale.ROOT)
                .contains(reason);
    }
}
