package io.catena.agent.control.route;

import io.catena.agent.control.Call;
import io.catena.agent.control.Route;
import io.catena.agent.control.Scripts;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The methods of plugins, which small programs forward to the agent. */
final class PluginRoutes {
    private final Scripts scripts;

    PluginRoutes(Scripts scripts) {
        this.scripts = scripts;
    }

    List<Route> all() {
        return List.of(Route.ofBytes("callPlugin", "/v1/smapi/{plugin}/{method}", this::script));
    }

    /** Answers with the exit code, one digit, and what is to be written. A query is the option of the installation. */
    private Object script(Call call) {
        Scripts.Output output =
                scripts.run(call.variables().get(0), call.variables().get(1), call.query(), call.bytes());
        return (output.exitCode() + output.stdout()).getBytes(StandardCharsets.UTF_8);
    }
}
