package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;

/** What a class of this process logs while a test looks, also where others silence it. Safe for use by many threads. */
final class LogCapture extends Handler implements AutoCloseable {
    private final Logger logger;
    private final List<String> lines = new CopyOnWriteArrayList<>();

    LogCapture(String name) {
        logger = Logger.getLogger(name);
        logger.setLevel(Level.ALL);
        logger.addHandler(this);
    }

    String text() {
        return String.join("\n", lines);
    }

    /** Waits for a line that has the pattern; what is logged comes after the answer of what it tells about. */
    void await(Pattern pattern, Duration deadline) throws InterruptedException {
        for (long end = System.nanoTime() + deadline.toNanos();
                System.nanoTime() < end && lines.stream().noneMatch(pattern.asPredicate()); ) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        assertThat(lines).anyMatch(pattern.asPredicate());
    }

    @Override
    public void publish(LogRecord record) {
        lines.add(record.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setLevel(null);
    }
}
