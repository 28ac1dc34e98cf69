package io.catena.agent.smapiv1;

/** The faults of XenServer's storage manager that Catena has a use for, with the texts that its tools look for. */
enum SmError {
    SR_IN_USE(16, "The SR device is currently in use"),
    VDI_IN_USE(24, "The VDI is currently in use"),
    UNIMPLEMENTED(38, "The requested method is not supported/implemented"),
    SR_NOT_EMPTY(39, "The SR is not empty"),
    SR_SCAN(40, "The SR scan failed"),
    SR_EXISTS(42, "The SR already exists"),
    VDI_EXISTS(43, "The VDI already exists"),
    SR_NO_SPACE(44, "There is insufficient space"),
    VDI_UNAVAILABLE(46, "The VDI is not available"),
    SR_UNAVAILABLE(47, "The SR is not available"),
    SR_CREATE(61, "File SR creation error"),
    VDI_TYPE(66, "Invalid VDI type"),
    NFS_VERSION(72, "Required NFS server version unsupported"),
    NFS_MOUNT(73, "NFS mount error"),
    NFS_UNMOUNT(74, "NFS unmount error"),
    VDI_CREATE(78, "VDI Creation failed"),
    VDI_SIZE(79, "VDI Invalid size"),
    VDI_DELETE(80, "Failed to mark VDI hidden"),
    VDI_CLONE(81, "Failed to clone VDI"),
    VDI_SNAPSHOT(82, "Failed to snapshot VDI"),
    LOCATION_MISSING(94, "The request is missing the location parameter"),
    SERVER_PATH_MISSING(101, "The request is missing the serverpath parameter"),
    SERVER_MISSING(102, "The request is missing the server parameter"),
    SERVER_PATH_BAD(103, "The serverpath argument is not valid"),
    NFS_TARGET(108, "Unable to detect an NFS service on this target."),
    CHAIN_TOO_LONG(109, "The snapshot chain is too long"),
    VDI_RESIZE(110, "VDI resize failed"),
    BAD_REQUEST(143, "Failed to parse the request"),
    VDI_MISSING(144, "VDI could not be found"),
    API_PROTOCOL(154, "Protocol error from server"),
    IO_ERROR(200, "General IO error"),
    TRY_AGAIN(201, "Currently unavailable, try again"),
    GENERAL(202, "General backend error"),
    ILLEGAL_CHARACTER(447, "Illegal XML character."),
    TAPDISK(453, "tapdisk experienced an error"),
    CHANGED_BLOCKS(460, "Failed to calculate changed blocks for given VDIs."),
    GENERIC(1200, "SM has thrown a generic python exception");

    private final int number;
    private final String text;

    SmError(int number, String text) {
        this.number = number;
        this.text = text;
    }

    int number() {
        return number;
    }

    String text() {
        return text;
    }

    /** Returns the entry of a number; {@link #GENERAL} if there is none. */
    static SmError of(int number) {
        for (SmError error : values()) {
            if (error.number == number) {
                return error;
            }
        }
        return GENERAL;
    }
}
