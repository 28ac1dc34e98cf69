package io.catena.harness.api;

import com.google.gson.Gson;
import io.catena.agent.trace.SentAnswer;
import io.catena.harness.peer.Traces;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A class of tests fails if an agent that it started, in this JVM or as a process, answered anything over TLS or its Unix socket that
 * {@code openapi.yaml} does not have; whoever asked. JUnit finds it as a service.
 */
public final class AnswersInContract implements AfterAllCallback {
    private static final Gson GSON = new Gson();

    public AnswersInContract() throws IOException {
        Traces.begin();
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        List<String> faults = faults();
        if (!faults.isEmpty()) {
            throw new AssertionError("answers that are not in the contract, during "
                    + context.getRequiredTestClass().getName() + ":\n" + String.join("\n", faults));
        }
    }

    /** Returns what was wrong since the last call. */
    static List<String> faults() throws IOException {
        Traces.forEachNewLine(line -> AnswerWitness.see(GSON.fromJson(line, SentAnswer.class)));
        return AnswerWitness.faults();
    }
}
