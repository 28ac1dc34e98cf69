package io.catena.api;

/** How an attached VDI may be used. */
public enum AccessMode {
    READ_ONLY("ro"),
    READ_WRITE("rw");

    private final String symbol;

    AccessMode(String symbol) {
        this.symbol = symbol;
    }

    /** "ro" or "rw". */
    public String symbol() {
        return symbol;
    }

    /**
     * Returns the mode of a symbol.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if there is none
     */
    public static AccessMode of(String symbol) {
        for (AccessMode mode : values()) {
            if (mode.symbol.equals(symbol)) {
                return mode;
            }
        }
        throw new SrException(SrError.BAD_REQUEST, "The mode is \"" + symbol + "\", expected \"rw\" or \"ro\"");
    }
}
