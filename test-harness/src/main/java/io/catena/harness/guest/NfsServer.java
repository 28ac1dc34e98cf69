package io.catena.harness.guest;

import java.io.IOException;

/** The NFS server of a guest's own kernel; see {@code nfs-server}. For one test thread. */
public final class NfsServer {
    /** What it exports. */
    public static final String EXPORT = "/export/data";

    private final RunningGuest guest;

    private NfsServer(RunningGuest guest) {
        this.guest = guest;
    }

    /** Starts it, in a guest of {@link GuestImage#buildWithNfs}. */
    public static NfsServer start(RunningGuest guest) throws IOException {
        guest.run("nfs-server start");
        return new NfsServer(guest);
    }

    /** It goes away, with all that it knew of its clients. */
    public void stop() throws IOException {
        guest.run("nfs-server stop");
    }

    /** It comes back, and lets its clients say what they had open. */
    public void goOn() throws IOException {
        guest.run("nfs-server go-on");
    }
}
