package io.catena.tool;

import io.catena.format.CorruptVhdException;
import io.catena.format.UnsupportedVhdException;
import io.catena.remedy.Advice;
import io.catena.store.StorageLockedException;
import io.catena.store.WrittenElsewhereException;
import io.catena.vhd.MissingParentException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** Kinds of failure of an offline operation, as far as there is something else to do about each. */
public enum Problem {
    NO_SUCH_FILE,
    FILE_EXISTS,
    /** An agent uses the directory, or must recover it first. */
    IN_USE,
    PARENT_MISSING,
    /** A file of the chain is no VHD that can be used. */
    BAD_FILE,
    OTHER;

    /** Returns what a failure itself says to do about it; null if it says nothing. */
    public static @Nullable Advice advice(IOException failure) {
        if (failure instanceof UnsupportedVhdException unsupported) {
            return unsupported.advice();
        }
        return failure instanceof WrittenElsewhereException written ? written.advice() : null;
    }

    /** Returns the kind of a failure. */
    public static Problem of(IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return NO_SUCH_FILE;
        }
        if (failure instanceof FileAlreadyExistsException) {
            return FILE_EXISTS;
        }
        if (failure instanceof StorageLockedException) {
            return IN_USE;
        }
        if (failure instanceof MissingParentException) {
            return PARENT_MISSING;
        }
        boolean bad = failure instanceof CorruptVhdException || failure instanceof UnsupportedVhdException;
        return bad ? BAD_FILE : OTHER;
    }
}
