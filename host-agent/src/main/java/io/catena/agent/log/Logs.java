package io.catena.agent.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import org.jspecify.annotations.Nullable;

/** Sends all logs to stderr, a line each. */
public final class Logs {
    private static final Path STDERR = Path.of("/proc/self/fd/2");

    private Logs() {}

    /** Sets up logging for the daemon; to be called before the first log line. */
    public static void toStderr() {
        Logger root = LogManager.getLogManager().getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        root.addHandler(new Stderr());
        root.setLevel(Level.INFO);
        Noisy.JETTY.setLevel(Level.WARNING);
    }

    /** Logs this and what is graver from now on. */
    public static void show(LogLevel least) {
        LogManager.getLogManager().getLogger("").setLevel(least.level());
        for (Handler handler : LogManager.getLogManager().getLogger("").getHandlers()) {
            handler.setLevel(least.level());
        }
    }

    /** Whether stderr leads to the journal: systemd names its device and inode, since children inherit the variable. */
    static boolean isJournal(@Nullable String stream, Path stderr) {
        try {
            return stream != null
                    && stream.equals(
                            Files.getAttribute(stderr, "unix:dev") + ":" + Files.getAttribute(stderr, "unix:ino"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Keeps a reference: a logger that nobody holds forgets its level. */
    private static final class Noisy {
        static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");
    }

    private static final class Stderr extends StreamHandler {
        Stderr() {
            super(System.err, new LineFormatter(isJournal(System.getenv("JOURNAL_STREAM"), STDERR)));
        }

        @Override
        public synchronized void publish(LogRecord record) {
            super.publish(record);
            flush();
        }
    }

    /**
     * A log manager that keeps its handlers while the process ends, so that the shutdown itself is logged. Named in the
     * system property {@code java.util.logging.manager} before the first logger is made.
     */
    public static final class Lasting extends LogManager {
        @Override
        public void reset() {
            // The JDK calls this from a shutdown hook, at the same time as ours.
        }
    }
}
