package io.catena.agent.smapiv1.xenapi;

import java.util.List;

/** A call to XAPI that failed: refused by XAPI with a code, or not answered at all. */
public final class XenApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<String> description;

    XenApiException(String method, List<String> description) {
        super(method + ": " + String.join(", ", description));
        this.description = List.copyOf(description);
    }

    XenApiException(String method, Exception cause) {
        super(method + ": " + cause.getMessage(), cause);
        description = List.of();
    }

    /** XAPI's code, for instance {@code HANDLE_INVALID}; empty if XAPI did not answer. */
    public String code() {
        return description.isEmpty() ? "" : description.get(0);
    }

    /** Whether no answer came, so that the call may have been done or not. */
    public boolean isUnanswered() {
        return description.isEmpty();
    }
}
