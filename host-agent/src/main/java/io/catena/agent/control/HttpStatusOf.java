package io.catena.agent.control;

import io.catena.api.SrError;

/** Which HTTP status an error goes with. Clients look at the error's code; the status is for proxies and people. */
public final class HttpStatusOf {
    private HttpStatusOf() {}

    public static int error(SrError error) {
        return switch (error) {
            case BAD_REQUEST, ILLEGAL_CHARACTER, VDI_SIZE, VDI_TYPE -> 400;
            case VDI_MISSING, SR_UNAVAILABLE, GUEST_MISSING -> 404;
            case SR_IN_USE,
                    VDI_IN_USE,
                    SR_NOT_EMPTY,
                    SR_EXISTS,
                    VDI_EXISTS,
                    SR_CREATE,
                    VDI_UNAVAILABLE,
                    VDI_RESIZE,
                    VDI_SNAPSHOT,
                    SNAPSHOT_CHAIN_TOO_LONG,
                    CHANGES_UNKNOWN,
                    CANCELLED -> 409;
            case SR_SCAN, IO_ERROR, INTERNAL -> 500;
            case UNIMPLEMENTED -> 501;
            case TRY_AGAIN, AGENT_UNREACHABLE, HYPERVISOR_UNAVAILABLE, MEMORY_SHORTAGE -> 503;
            case QUOTA_EXCEEDED -> 403;
            case SR_NO_SPACE, OVERSUBSCRIBED -> 507;
        };
    }
}
