package io.catena.api;

/**
 * The error table: every failure that reaches a user is one of these. The numbers and texts are those of XenServer's
 * storage manager (SMAPIv1, {@code XE_SR_ERRORCODES}), so that a front end only encodes them.
 */
public enum SrError {
    SR_IN_USE(16, false, "The SR is in use"),
    VDI_IN_USE(24, false, "The VDI is in use"),
    UNIMPLEMENTED(38, false, "The operation is not supported"),
    SR_NOT_EMPTY(39, false, "The SR is not empty"),
    SR_SCAN(40, true, "The SR cannot be scanned"),
    SR_EXISTS(42, false, "The SR exists already"),
    VDI_EXISTS(43, false, "The VDI exists already"),
    SR_NO_SPACE(44, true, "There is not enough space"),
    OVERSUBSCRIBED(44, false, "The storage repository would promise too much"),
    QUOTA_EXCEEDED(44, false, "A quota would be exceeded"),
    VDI_UNAVAILABLE(46, false, "The VDI is not available"),
    SR_UNAVAILABLE(47, false, "The SR is not available"),
    VDI_RESIZE(110, false, "The VDI cannot be resized"),
    SR_CREATE(61, false, "The SR cannot be created"),
    VDI_TYPE(66, false, "The VDI's type does not allow this"),
    VDI_SIZE(79, false, "The VDI's size is invalid"),
    VDI_SNAPSHOT(82, false, "The snapshot cannot be taken"),
    SNAPSHOT_CHAIN_TOO_LONG(109, false, "The snapshot chain is too long"),
    BAD_REQUEST(143, false, "The request is malformed"),
    VDI_MISSING(144, false, "The VDI cannot be found"),
    CHANGES_UNKNOWN(460, false, "Failed to calculate changed blocks for given VDIs."),
    ILLEGAL_CHARACTER(447, false, "The text has an illegal character"),
    IO_ERROR(200, true, "An input/output error occurred"),
    TRY_AGAIN(201, true, "Temporarily unavailable"),
    INTERNAL(202, false, "An internal error occurred"),
    AGENT_UNREACHABLE(47, true, "The agent cannot be reached"),
    HYPERVISOR_UNAVAILABLE(202, true, "The hypervisor cannot be reached"),
    GUEST_MISSING(202, false, "The guest cannot be found"),
    CANCELLED(202, true, "The operation was cancelled"),
    MEMORY_SHORTAGE(201, true, "The agent has not enough memory");

    private final int number;
    private final boolean retryable;
    private final String text;

    SrError(int number, boolean retryable, String text) {
        this.number = number;
        this.retryable = retryable;
        this.text = text;
    }

    /** The SMAPIv1 error number. */
    public int number() {
        return number;
    }

    /** Whether the same request may succeed later, with nothing done by the user. */
    public boolean retryable() {
        return retryable;
    }

    /** What happened, for humans, without any detail. */
    public String text() {
        return text;
    }
}
