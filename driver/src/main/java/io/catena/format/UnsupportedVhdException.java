package io.catena.format;

import io.catena.remedy.Advice;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A VHD file is sound but must not be opened, or uses what this driver does not know. */
public final class UnsupportedVhdException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient @Nullable Advice advice;

    public UnsupportedVhdException(String file, String problem) {
        super(file + ": " + problem);
        advice = null;
    }

    /**
     * @param advice what to do about it
     */
    public UnsupportedVhdException(String file, String problem, Advice advice) {
        super(file + ": " + problem);
        this.advice = advice;
    }

    /** What to do about it; null for what is to be done about any file that cannot be used. */
    public @Nullable Advice advice() {
        return advice;
    }
}
