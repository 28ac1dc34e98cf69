package io.catena.agent.log;

import java.util.logging.Level;

/** What is logged, the gravest first. */
public enum LogLevel {
    ERROR,
    WARNING,
    INFO,
    DEBUG;

    Level level() {
        return switch (this) {
            case ERROR -> Level.SEVERE;
            case WARNING -> Level.WARNING;
            case INFO -> Level.INFO;
            case DEBUG -> Level.FINE;
        };
    }
}
