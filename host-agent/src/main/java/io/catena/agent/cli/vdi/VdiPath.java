package io.catena.agent.cli.vdi;

import static io.catena.agent.control.client.ControlClient.part;

import org.jspecify.annotations.Nullable;

/** Paths of requests about a disk. */
final class VdiPath {
    private VdiPath() {}

    /** Returns what is below a disk: {@code /v1/vdis/NAME/attach}. */
    static String of(String vdi, String action) {
        return "/v1/vdis/" + part(vdi) + action;
    }

    /** Returns a query's parameter for a value that was given; nothing else. */
    static String parameter(String name, @Nullable String value) {
        return value == null ? "" : "&" + name + "=" + part(value);
    }
}
