package io.catena.agent.cli.vdi;

import com.google.gson.JsonObject;
import io.catena.agent.cli.text.Size;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of what goes to the agent of another host. */
final class OtherHost {
    private static final String SCHEME = "https://";

    @Spec(Spec.Target.MIXEE)
    @Nullable
    CommandSpec command;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "Holds what \"token create\" told there. Default: the certificate for other hosts.")
    @Nullable
    Path token;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "Who signs the other agent's certificate, in PEM. Default: who signs those of hosts.")
    @Nullable
    Path authorities;

    @Option(
            names = "--rate",
            paramLabel = "SIZE",
            converter = Size.Converter.class,
            description = "Send no more in a second. Default: no limit.")
    @Nullable
    Size rate;

    /** Whether a place is an SR of another agent. */
    static boolean isOne(@Nullable String place) {
        return place != null && place.startsWith(SCHEME);
    }

    /**
     * Adds where something goes to a request.
     *
     * @param place an SR here, or https://HOST:PORT/SR; null for the default
     */
    void address(@Nullable String place, JsonObject body) {
        if (place == null || !isOne(place)) {
            require(token == null && authorities == null && rate == null, "--token-file, --ca and --rate need");
            body.addProperty("sr", place);
            return;
        }
        int end = place.indexOf('/', SCHEME.length());
        if (end < 0 || end == place.length() - 1) {
            throw wrong("--to " + place + " names no SR; give https://HOST:PORT/SR");
        }
        body.addProperty("url", place.substring(0, end));
        body.addProperty("sr", place.substring(end + 1));
        body.addProperty("token", token == null ? null : read(token).strip());
        body.addProperty("authorities", authorities == null ? null : read(authorities));
        if (rate != null) {
            body.addProperty("bytesPerSecond", rate.bytes());
        }
    }

    /** Refuses options that are of use only if it goes to another agent. */
    void require(boolean right, String options) {
        if (!right) {
            throw wrong(options + " --to https://HOST:PORT/SR");
        }
    }

    private ParameterException wrong(String text) {
        CommandSpec spec = command;
        if (spec == null) {
            throw new IllegalStateException("options without their command");
        }
        return new ParameterException(spec.commandLine(), text);
    }

    private String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw wrong("cannot read " + file + ": " + e.getMessage());
        }
    }
}
