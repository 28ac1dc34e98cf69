package io.catena.api;

import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failure that a user may see: one entry of the error table, what happened in particular, and what to do about it.
 */
public final class SrException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final SrError error;
    private transient @Nullable Advice advice;
    private transient @Nullable String field;

    /**
     * @param detail what was found and what was expected, naming the objects concerned
     */
    public SrException(SrError error, String detail) {
        super(detail);
        this.error = Objects.requireNonNull(error, "error");
    }

    /**
     * @param detail what was found and what was expected, naming the objects concerned
     */
    public SrException(SrError error, String detail, Throwable cause) {
        super(detail, cause);
        this.error = Objects.requireNonNull(error, "error");
    }

    /** Adds what the user can do about it, as a sentence; returns this. */
    public SrException correction(String sentence) {
        return correction(Advice.of(sentence));
    }

    /** As {@link #correction(String)}, for a sentence that ends with a call. */
    public SrException correction(String words, Remedy remedy) {
        return correction(Advice.of(words).then(remedy));
    }

    /** As {@link #correction(String)}, for a sentence that speaks of calls. */
    public SrException correction(Advice sentence) {
        advice = sentence;
        return this;
    }

    /** Adds which field of a request is to be corrected, by its name in the request; returns this. */
    public SrException field(String name) {
        field = name;
        return this;
    }

    /** The field of the request that is to be corrected; null if it is none in particular. */
    public @Nullable String field() {
        return field;
    }

    /** The entry of the error table. */
    public SrError error() {
        return error;
    }

    /** What the user can do about it. */
    public @Nullable Advice advice() {
        return advice;
    }

    /** What happened in particular; never null. */
    public String detail() {
        return Objects.requireNonNull(getMessage());
    }
}
