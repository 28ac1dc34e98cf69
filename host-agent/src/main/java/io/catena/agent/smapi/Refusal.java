package io.catena.agent.smapi;

import io.catena.agent.remedy.XapiWords;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.remedy.Advice;
import java.util.List;

/**
 * A failure as XAPI gets it: a code with parameters, which become an error of the XenAPI verbatim.
 *
 * <p>The exceptions of the interface definition go under one code with their name as the first parameter; all others are
 * errors of XenServer's storage manager, whose numbers {@link SrError} has.
 */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final String CODE = "SR_BACKEND_FAILURE";

    private final String code;
    private final transient List<String> params;

    private Refusal(String code, List<String> params, String detail, Throwable cause) {
        super(detail, cause);
        this.code = code;
        this.params = List.copyOf(params);
    }

    private Refusal(String exception, String subject) {
        super(subject);
        code = CODE;
        params = List.of(exception, subject);
    }

    static Refusal srNotAttached(String sr) {
        return new Refusal("Sr_not_attached", sr);
    }

    static Refusal noSr(String path) {
        return new Refusal("SR_does_not_exist", path);
    }

    static Refusal noVolume(String key) {
        return new Refusal("Volume_does_not_exist", key);
    }

    static Refusal unimplemented(String what) {
        return new Refusal("Unimplemented", what);
    }

    /** Encodes an entry of the error table. */
    static Refusal of(SrException failure) {
        SrError error = failure.error();
        Advice advice = failure.advice();
        String detail = advice == null ? failure.detail() : failure.detail() + ". " + XapiWords.of(advice);
        List<String> params = error == SrError.UNIMPLEMENTED
                ? List.of("Unimplemented", detail)
                : error == SrError.CANCELLED ? List.of("Cancelled", detail) : List.of(error.text(), detail);
        boolean ofDefinition = error == SrError.UNIMPLEMENTED || error == SrError.CANCELLED;
        return new Refusal(ofDefinition ? CODE : CODE + "_" + error.number(), params, failure.detail(), failure);
    }

    String code() {
        return code;
    }

    List<String> params() {
        return params;
    }

    /** Returns the object of five fields, all of which the caller demands. */
    Answers.Failure toAnswer() {
        return new Answers.Failure(
                code, params, new Answers.Backtrace(String.valueOf(getMessage()), List.of(), List.of()));
    }
}
