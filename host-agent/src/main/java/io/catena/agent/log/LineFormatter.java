package io.catena.agent.log;

import io.catena.log.LogLine;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Locale;
import java.util.Objects;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/** Formats a log record as one line: {@code time=... level=... logger=... event=...}. */
public final class LineFormatter extends Formatter {
    @Override
    public String format(LogRecord record) {
        StringBuilder line = new StringBuilder("time=").append(record.getInstant());
        LogLine.append(line, "level", record.getLevel().getName().toLowerCase(Locale.ROOT));
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

    private static String shortName(@Nullable String logger) {
        return logger == null || logger.isEmpty() ? "-" : logger.substring(logger.lastIndexOf('.') + 1);
    }

    private static String trace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
