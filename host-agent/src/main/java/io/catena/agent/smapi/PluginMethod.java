package io.catena.agent.smapi;

import java.util.Arrays;
import java.util.Optional;

/** A method of a plugin. */
interface PluginMethod {
    /** The file name of its executable: {@code Volume.stat}. */
    String executable();

    /** Finds a method by its executable; upper and lower case are the same, as they are to the caller. */
    static <M extends PluginMethod> Optional<M> find(M[] methods, String executable) {
        return Arrays.stream(methods)
                .filter(method -> method.executable().equalsIgnoreCase(executable))
                .findFirst();
    }
}
