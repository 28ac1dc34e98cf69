package io.catena.agent.cli;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.api.auth.TokenView;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Table;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena token}: who may use the API over the network. */
@Command(name = "token", description = "Who may use the API over the network.", synopsisSubcommandLabel = "COMMAND")
final class TokenCommands {
    private static final Pattern DURATION = Pattern.compile("([1-9][0-9]{0,9})([smhd])");
    private static final Map<String, Long> SECONDS = Map.of("s", 1L, "m", 60L, "h", 3600L, "d", 86_400L);

    private final Session session;

    TokenCommands(Session session) {
        this.session = session;
    }

    @Command(description = "Make a token, and print it: this once, for only its hash is kept.")
    void create(
            @Option(
                            names = "--role",
                            paramLabel = "ROLE",
                            required = true,
                            description =
                                    "metrics, viewer, backup, operator, peer or admin; each may do what those before it may.")
                    String role,
            @Option(names = "--name", paramLabel = "NAME", description = "What it is for.") @Nullable String name,
            @Option(names = "--sr", paramLabel = "SR", description = "Only for this SR; may be given again.") @Nullable
                    List<String> srs,
            @Option(
                            names = "--expires",
                            paramLabel = "N[smhd]",
                            description = "How long it is good. Default: for ever.")
                    @Nullable
                    String expires) {
        JsonObject body = new JsonObject();
        body.addProperty("role", role);
        if (name != null) {
            body.addProperty("name", name);
        }
        if (srs != null) {
            JsonArray list = new JsonArray();
            srs.forEach(list::add);
            body.add("srs", list);
        }
        if (expires != null) {
            body.addProperty("seconds", seconds(expires));
        }
        JsonElement answer = session.agent().post("/v1/tokens", body);
        session.print(
                answer, () -> String.valueOf(Json.read(answer, TokenView.class).token()));
    }

    private static long seconds(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new SrException(
                    SrError.BAD_REQUEST, "--expires is \"" + text + "\", expected for instance 90d or 12h");
        }
        return Long.parseLong(matcher.group(1)) * SECONDS.getOrDefault(matcher.group(2), 1L);
    }

    @Command(description = "List the tokens.")
    void ls() {
        JsonElement answer = session.agent().get("/v1/tokens");
        session.print(answer, () -> {
            Table table = new Table("ID", "NAME", "ROLE", "SRS", "CREATED", "EXPIRES", "LAST USED");
            for (TokenView token : Json.list(answer, TokenView.class)) {
                table.row(
                        token.id(),
                        token.name(),
                        token.role().text(),
                        token.srs().isEmpty()
                                ? "all"
                                : token.srs().stream().map(Object::toString).collect(Collectors.joining(",")),
                        token.created(),
                        token.expires() == null ? "never" : token.expires(),
                        token.lastUsed() == null ? "" : token.lastUsed());
            }
            return table.on(session.screen());
        });
    }

    @Command(description = "Make a token worthless, with the browsers that are logged in with it.")
    void revoke(
            @Parameters(paramLabel = "ID", description = "A token: its id, as \"catena token ls\" tells it.")
                    String id) {
        JsonElement answer = session.agent().delete("/v1/tokens/" + part(id));
        session.print(answer, () -> "");
    }
}
