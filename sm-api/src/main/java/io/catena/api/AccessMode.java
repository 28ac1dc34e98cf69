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
}
