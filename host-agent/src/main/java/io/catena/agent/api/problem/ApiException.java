package io.catena.agent.api.problem;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** That a request is refused for a reason of HTTP's, which the error table of storage does not know. */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final String code;
    private final long retryAfterSeconds;
    private final @Nullable String correction;
    private transient Set<String> allowed = Set.of();

    /**
     * @param code a name for programs
     * @param detail what was found and what was expected
     * @param correction what the caller can do about it
     */
    public ApiException(int status, String code, String detail, @Nullable String correction) {
        this(status, code, detail, correction, 0);
    }

    /**
     * @param retryAfterSeconds when the same request may succeed; 0 if it never does
     */
    public ApiException(int status, String code, String detail, @Nullable String correction, long retryAfterSeconds) {
        super(detail);
        this.status = status;
        this.code = code;
        this.correction = correction;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    /**
     * Returns that a path does not take a method.
     *
     * @param allowed the methods that it takes
     */
    public static ApiException notAllowed(String path, String method, Set<String> allowed) {
        ApiException refusal = new ApiException(
                405,
                "METHOD_NOT_ALLOWED",
                path + " does not take " + method,
                "It takes " + String.join(", ", allowed) + ".");
        refusal.allowed = allowed;
        return refusal;
    }

    public static ApiException missing(String detail) {
        return new ApiException(404, "NOT_FOUND", detail, null);
    }

    public static ApiException forbidden(String detail) {
        return new ApiException(403, "FORBIDDEN", detail, "Ask an administrator for a token of another role.");
    }

    public int status() {
        return status;
    }

    public String code() {
        return code;
    }

    /** The methods that the path takes; none if it is not about the method. */
    Set<String> allowed() {
        return allowed;
    }

    public long retryAfterSeconds() {
        return retryAfterSeconds;
    }

    public @Nullable String correction() {
        return correction;
    }
}
