package io.catena.store;

import io.catena.remedy.Advice;
import java.io.IOException;

/** Another program has a file open for writing, so that the file does not tell all. */
public final class WrittenElsewhereException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Advice advice;

    /**
     * @param consequence what the file does not tell
     * @param advice what to do about it
     */
    public WrittenElsewhereException(String name, String consequence, Advice advice) {
        super(name + ": another program, maybe an agent, has it open for writing, so " + consequence);
        this.advice = advice;
    }

    public Advice advice() {
        return advice;
    }
}
