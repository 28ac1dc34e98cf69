package io.catena.agent.control.client;

import io.catena.agent.remedy.CommandWords;
import io.catena.api.SrError;
import io.catena.api.SrException;
import org.jspecify.annotations.Nullable;

/**
 * An error as the control API and the command line put it: {@code {"error":{"code":...}}}.
 *
 * @param error what happened and what to do about it
 */
public record ErrorBody(Detail error) {
    /**
     * The error.
     *
     * @param code the name of the entry in the error table
     * @param number its SMAPIv1 number
     */
    public record Detail(
            SrError code,
            int number,
            String message,
            @Nullable String correction,
            boolean retryable) {}

    /** Returns the body for a failure. */
    public static ErrorBody of(SrException failure) {
        SrError error = failure.error();
        return new ErrorBody(new Detail(
                error, error.number(), failure.detail(), CommandWords.orNull(failure.advice()), error.retryable()));
    }

    SrException toException() {
        SrException failure = new SrException(error.code, error.message);
        return error.correction == null ? failure : failure.correction(error.correction);
    }
}
