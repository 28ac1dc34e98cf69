package io.catena.agent.smapiv1.tap;

/**
 * A tapdisk that serves one disk.
 *
 * @param pid its process
 * @param minor the number of the disk
 */
record Tap(int pid, int minor) {
    /** Returns the name of the socket at which tapback and others find it. */
    String socketName() {
        return "nbd" + pid + "." + minor;
    }
}
