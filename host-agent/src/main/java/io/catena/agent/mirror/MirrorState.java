package io.catena.agent.mirror;

/** How a mirror does. */
enum MirrorState {
    /** The copy is being made or connected to. */
    CONNECTING("connecting"),
    /** Writes go to both, and the rest is being copied. */
    COPYING("copying"),
    /** The copy shows what the disk does. */
    IN_SYNC("in-sync"),
    /** The copy cannot be reached; what is written is remembered. */
    BROKEN("broken");

    private final String text;

    MirrorState(String text) {
        this.text = text;
    }

    /** The name in answers. */
    String text() {
        return text;
    }
}
