package io.catena.harness.smapiv1;

import io.catena.agent.control.client.UnixHttp;
import io.catena.agent.smapiv1.DriverCalls;
import io.catena.agent.smapiv1.DriverOptions;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs a driver as XAPI does: one argument, which is a call, and whatever it prints is an answer. Members are written as XAPI writes
 * them: strings without a type, and nothing between empty ones. Safe for use by many threads.
 */
public final class SmDriver {
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private final Way way;
    private final String sr;
    private final Map<String, String> deviceConfig;

    /**
     * @param sr the UUID of the SR
     * @param deviceConfig what the SR was created with
     */
    public SmDriver(Path executable, String sr, Map<String, String> deviceConfig) {
        this(argument -> run(executable, argument), sr, deviceConfig);
    }

    private SmDriver(Way way, String sr, Map<String, String> deviceConfig) {
        this.way = way;
        this.sr = sr;
        this.deviceConfig = new LinkedHashMap<>(Map.of("SRmaster", "true"));
        this.deviceConfig.putAll(deviceConfig);
    }

    /** From an argument to what is printed. */
    @FunctionalInterface
    private interface Way {
        String run(String argument) throws IOException;
    }

    /** A driver without its launcher: calls go to the agent at once, which is much quicker. */
    public static SmDriver withoutLauncher(
            Path agentSocket, DriverOptions options, String sr, Map<String, String> deviceConfig) {
        UnixHttp http = new UnixHttp(agentSocket, DEADLINE, 64 << 20);
        String path = "/v1/smapi/" + DriverCalls.PLUGIN + "/catena?" + options.toOption();
        return new SmDriver(argument -> ask(http, path, argument), sr, deviceConfig);
    }

    private static String ask(UnixHttp http, String path, String argument) throws IOException {
        UnixHttp.Answer answer = http.ask("POST", path, "text/xml", argument.getBytes(StandardCharsets.UTF_8));
        String text = StandardCharsets.UTF_8.decode(answer.body()).toString();
        if (answer.status() != 200 || !text.startsWith("0")) {
            throw new IOException("the agent answers " + answer.status() + ": " + text);
        }
        return text.substring(1);
    }

    /** Runs a command on the SR. */
    public XmlRpcAnswer sr(String command, String... args) throws IOException {
        return call(command, Map.of(), args);
    }

    /** Runs a command on a disk. */
    public XmlRpcAnswer vdi(String command, String vdi, String ref, String... args) throws IOException {
        return vdi(command, vdi, ref, Map.of(), args);
    }

    /** Runs a command on a disk, with more members. */
    public XmlRpcAnswer vdi(String command, String vdi, String ref, Map<String, Object> more, String... args)
            throws IOException {
        Map<String, Object> members = new LinkedHashMap<>(
                Map.of("vdi_ref", ref, "vdi_uuid", vdi, "vdi_location", vdi, "vdi_on_boot", "persist"));
        members.putAll(more);
        return call(command, members, args);
    }

    /** Runs a command with further members: strings or maps of strings. */
    public XmlRpcAnswer call(String command, Map<String, Object> members, String... args) throws IOException {
        return run(request(command, members, args));
    }

    /** Returns the argument with which XAPI would run the driver. */
    public String request(String command, Map<String, Object> members, String... args) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("host_ref", "OpaqueRef:host1");
        all.put("command", command);
        all.put("args", List.of(args));
        all.put("device_config", deviceConfig);
        all.put("session_ref", StubXapi.SESSION);
        all.put("sr_ref", "OpaqueRef:sr1");
        all.put("sr_uuid", sr);
        all.putAll(members);
        return "<methodCall><methodName>" + command + "</methodName><params><param>" + value(all)
                + "</param></params></methodCall>";
    }

    /** Runs the driver with an argument. */
    public XmlRpcAnswer run(String argument) throws IOException {
        return XmlRpcAnswer.read(way.run(argument).getBytes(StandardCharsets.UTF_8));
    }

    private static String run(Path executable, String argument) throws IOException {
        Outcome outcome = Programs.tryRun(DEADLINE, executable.toString(), argument);
        if (outcome.exitCode() != 0) {
            throw new IOException("the driver ended with " + outcome);
        }
        return outcome.stdout();
    }

    private static String value(Object value) {
        if (value instanceof Map<?, ?> map) {
            StringBuilder xml = new StringBuilder("<value><struct>");
            map.forEach((name, member) -> xml.append("<member><name>")
                    .append(name)
                    .append("</name>")
                    .append(value(member))
                    .append("</member>"));
            return xml.append("</struct></value>").toString();
        }
        if (value instanceof List<?> items) {
            StringBuilder xml = new StringBuilder("<value><array><data>");
            items.forEach(item -> xml.append(value(item)));
            return xml.append("</data></array></value>").toString();
        }
        String text = value.toString();
        return text.isEmpty() ? "<value/>" : "<value>" + escaped(text) + "</value>";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
