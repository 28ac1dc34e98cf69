package io.catena.agent.log;

import io.catena.log.LogLine;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Locale;
import java.util.Objects;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * Formats a log record as one line: {@code time=... level=... logger=... event=...}. For the journal it begins with the
 * priority, as {@code sd-daemon(3)} has it, and without the time, which the journal has itself.
 */
public final class LineFormatter extends Formatter {
    private final boolean forJournal;

    LineFormatter(boolean forJournal) {
        this.forJournal = forJournal;
    }

    @Override
    public String format(LogRecord record) {
        StringBuilder line = new StringBuilder();
        String level = record.getLevel().getName().toLowerCase(Locale.ROOT);
        if (forJournal) {
            line.append(priority(record.getLevel())).append("level=").append(level);
        } else {
            line.append("time=").append(record.getInstant());
            LogLine.append(line, "level", level);
        }
        LogLine.append(line, "logger", shortName(record.getLoggerName()));
        String message = Objects.requireNonNullElse(formatMessage(record), "");
        if (message.startsWith("event=") && message.indexOf('\n') < 0) {
            line.append(' ').append(message);
        } else {
            LogLine.append(line, "msg", message);
        }
        Throwable thrown = record.getThrown();
        if (thrown != null) {
            LogLine.append(line, "trace", trace(thrown));
        }
        return line.append('\n').toString();
    }

    /** Source: {@code syslog(3)}. */
    private static String priority(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "<3>";
        }
        if (level.intValue() >= Level.WARNING.intValue()) {
            return "<4>";
        }
        return level.intValue() >= Level.INFO.intValue() ? "<6>" : "<7>";
    }

    private static String shortName(@Nullable String logger) {
        return logger == null || logger.isEmpty() ? "-" : logger.substring(logger.lastIndexOf('.') + 1);
    }

    private static String trace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
