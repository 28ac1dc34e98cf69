package io.catena.sr.xen;

import io.catena.remedy.Advice;
import java.io.IOException;

/**
 * What is to be done about something that XenServer's storage manager left behind.
 *
 * @param file the file that tells of it
 * @param found what it means, as a sentence without its period
 * @param action what {@code work} does, or what a person can do; as a sentence without its period
 * @param work can be repeated after it was interrupted; only for {@link Verdict#POSSIBLE}
 */
public record SmStep(String file, String found, Advice action, Verdict verdict, Work work) {
    /** Whether it can be done. */
    public enum Verdict {
        /** It can. */
        POSSIBLE,
        /** It contradicts sm's rules: whatever is done could lose data. */
        REFUSED,
        /** It cannot, but it harms nobody else. */
        LEFT
    }

    /** Does it. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    static SmStep possible(String file, String found, String action, Work work) {
        return new SmStep(file, found, Advice.of(action), Verdict.POSSIBLE, work);
    }

    static SmStep refused(String file, String found, String correction) {
        return refused(file, found, Advice.of(correction));
    }

    static SmStep refused(String file, String found, Advice correction) {
        return new SmStep(file, found, correction, Verdict.REFUSED, () -> {});
    }

    static SmStep left(String file, String found, Advice correction) {
        return new SmStep(file, found, correction, Verdict.LEFT, () -> {});
    }
}
