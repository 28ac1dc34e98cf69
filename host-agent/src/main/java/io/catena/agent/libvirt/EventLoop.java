package io.catena.agent.libvirt;

import io.catena.log.LogLine;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.libvirt.Connect;
import org.libvirt.Library;
import org.libvirt.LibvirtException;
import org.libvirt.jna.Libvirt;

/** libvirt's event loop: one for the process, which must be there before the first connection. */
final class EventLoop {
    private static final Logger LOG = Logger.getLogger(EventLoop.class.getName());

    /** After a failure, which may last. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** Else libvirt prints on stderr what it also throws. A field, because JNA's callbacks must not be collected. */
    private static final Libvirt.VirErrorCallback SILENT = (data, error) -> {};

    /** Guarded by the class. */
    private static boolean started;

    private EventLoop() {}

    /** Starts the loop unless it runs. */
    static synchronized void start() throws LibvirtException {
        if (started) {
            return;
        }
        Library.initEventLoop();
        Connect.setErrorCallback(SILENT);
        Thread thread = new Thread(EventLoop::run, "libvirt-loop");
        thread.setDaemon(true);
        thread.start();
        started = true;
    }

    private static void run() {
        try {
            runForEver(Library::runEventLoop, PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            LOG.log(Level.SEVERE, LogLine.of("libvirt-loop-ended"), e);
        }
    }

    /** Handles events until it fails. */
    interface Loop {
        void run() throws LibvirtException, InterruptedException;
    }

    /** Begins again after a failure: without events nobody hears of guests that stop or go. */
    static void runForEver(Loop loop, Duration pause) throws InterruptedException {
        while (true) {
            try {
                loop.run();
            } catch (LibvirtException | RuntimeException e) {
                LOG.log(Level.SEVERE, LogLine.of("libvirt-loop-failed"), e);
            }
            TimeUnit.MILLISECONDS.sleep(pause.toMillis());
        }
    }
}
