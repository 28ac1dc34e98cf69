package io.catena.agent.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Table;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.doctor.Doctor;
import io.catena.agent.doctor.Finding;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrStat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code catena doctor}: what this host lacks, and what ails its SRs. */
@Command(
        name = "doctor",
        description = "Examine this host, its agent and its SRs; exits with 1 if there is a problem. Changes nothing.")
final class DoctorCommand implements Callable<Integer> {
    private final Session session;

    DoctorCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<Finding> findings =
                new ArrayList<>(new Doctor(Path.of("/"), session.runDirectory(), session.environment()).examine());
        findings.addAll(agent());
        session.print(JsonParser.parseString(Json.write(findings)), () -> table(findings));
        return findings.stream().anyMatch(finding -> finding.level() == Finding.Level.PROBLEM) ? 1 : 0;
    }

    private String table(List<Finding> findings) {
        Table table = new Table("WHAT", "STATE", "FOUND", "WHAT TO DO");
        for (Finding finding : findings) {
            table.row(
                    finding.what(),
                    finding.level().name().toLowerCase(Locale.ROOT),
                    finding.found(),
                    Objects.requireNonNullElse(finding.advice(), ""));
        }
        return table.on(session.screen());
    }

    private List<Finding> agent() {
        List<Finding> findings = new ArrayList<>();
        try {
            ControlClient agent = session.agent();
            JsonElement srs = agent.get("/v1/srs");
            findings.add(Finding.ok("agent", "answers"));
            for (Sr sr : Json.list(srs, Sr.class)) {
                findings.addAll(sr.attached() ? attached(agent, sr) : detached(sr));
            }
        } catch (SrException e) {
            findings.add(Finding.problem(
                    "agent",
                    e.detail(),
                    Objects.requireNonNullElse(CommandWords.orNull(e.advice()), "Start it: catena agent")));
        }
        return findings;
    }

    private static List<Finding> attached(ControlClient agent, Sr sr) {
        String what = "sr " + sr.name();
        SrHealth health =
                Json.read(agent.get("/v1/srs/" + sr.id()), SrStat.class).health();
        return health.reasons().isEmpty()
                ? List.of(Finding.ok(what, "is healthy"))
                : health.reasons().stream()
                        .map(reason -> Finding.problem(what, reason.what(), CommandWords.of(reason.cure())))
                        .toList();
    }

    private static List<Finding> detached(Sr sr) {
        String problem = sr.problem();
        return problem == null
                ? List.of()
                : List.of(Finding.problem("sr " + sr.name(), problem, "See: catena sr attach " + sr.id()));
    }
}
