package io.catena.agent.cli;

import io.catena.agent.Agent;
import io.catena.agent.log.Logs;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code catena agent}: the daemon, in the foreground. */
@Command(name = "agent", description = "Run the daemon in the foreground; prints \"ready\" once it serves.")
final class AgentCommand implements Callable<Integer> {
    private final Session session;

    AgentCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws InterruptedException {
        Logs.toStderr();
        Agent agent = start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(agent), "shutdown"));
        session.out().println(session.json() ? "{\"ready\":true}" : "ready");
        session.out().flush();
        agent.awaitClosed();
        return 0;
    }

    private Agent start() {
        try {
            return Agent.start(session.runDirectory());
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The agent cannot start: " + e.getMessage(), e)
                    .correction(
                            "Check the run directory " + session.runDirectory() + ", or give another with --run-dir.");
        }
    }

    /** Runs on SIGTERM. A clean end has exit code 0; left to itself the JVM would report 143, as for a kill. */
    private static void stop(Agent agent) {
        agent.close();
        Runtime.getRuntime().halt(0);
    }
}
