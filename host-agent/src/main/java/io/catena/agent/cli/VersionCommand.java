package io.catena.agent.cli;

import com.google.gson.JsonParser;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.json.Json;
import io.catena.agent.log.Version;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code catena version}: what runs here. */
@Command(name = "version", description = "Show version, commit, Java, and the formats that are read and written.")
final class VersionCommand implements Callable<Integer> {
    private final Session session;

    VersionCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Map<String, String> facts = facts();
        session.print(JsonParser.parseString(Json.write(facts)), () -> {
            Facts shown = new Facts();
            facts.forEach(shown::add);
            return shown.toString();
        });
        return 0;
    }

    /** Returns what is told, by name, in order. */
    static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("catena", Version.TEXT);
        facts.put("commit", Version.commit());
        facts.put(
                "java",
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ") in "
                        + System.getProperty("java.home"));
        facts.put("linux", System.getProperty("os.version") + " " + System.getProperty("os.arch"));
        facts.put("formats", Version.FORMATS);
        return facts;
    }
}
