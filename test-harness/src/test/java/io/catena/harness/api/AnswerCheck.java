package io.catena.harness.api;

import io.catena.agent.trace.SentAnswer;
import io.catena.harness.api.Contract.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the contract says of what an agent sent, over whichever face and to whomever. */
final class AnswerCheck {
    /** Over the Unix socket only; the answer is a program's output. */
    private static final String PLUGINS = "/v1/smapi/";

    private final Contract contract;

    AnswerCheck(Contract contract) {
        this.contract = contract;
    }

    /** Returns what is wrong; nothing if all is well. Of what was cut off only the head is looked at. */
    List<String> faults(SentAnswer answer) {
        String method = answer.method().equals("HEAD") ? "GET" : answer.method();
        Optional<Operation> operation = contract.operation(method, answer.path());
        boolean unix = answer.face().equals(SentAnswer.UNIX);
        if (unix && answer.path().startsWith(PLUGINS)) {
            return List.of();
        }
        if (operation.isEmpty()) {
            return unasked(answer, unix);
        }
        if (unix) {
            return overUnix(answer, operation.get());
        }
        String pattern = operation.get().pattern();
        if (answer.contentType().startsWith("text/event-stream")) {
            return events(answer.body());
        }
        String body = answer.whole() ? answer.body() : "";
        List<String> faults =
                new ArrayList<>(contract.faults(method, pattern, answer.status(), answer.contentType(), body));
        if (answer.status() >= 400 && body.isEmpty() && hasBody(answer)) {
            faults.add("a failure without a body");
        }
        return faults;
    }

    /** Files of the page are no API; everything else that is not in the contract fails. */
    private List<String> unasked(SentAnswer answer, boolean unix) {
        if (answer.status() < 400) {
            boolean ofPage = !unix
                    && !answer.path().startsWith("/v1/")
                    && !answer.contentType().contains("json");
            return ofPage ? List.of() : List.of("the contract has no such operation");
        }
        if (!hasBody(answer)) {
            return List.of();
        }
        return unix
                ? contract.faults(Contract.UNIX_FAILURE, answer.body())
                : contract.faultsOfProblem(answer.contentType(), answer.body());
    }

    /** Whether the body can be compared. A client that went away may have left one that is cut off, or none. */
    private static boolean hasBody(SentAnswer answer) {
        return answer.whole() && !answer.method().equals("HEAD");
    }

    private List<String> overUnix(SentAnswer answer, Operation operation) {
        if (answer.status() >= 400) {
            return hasBody(answer) ? contract.faults(Contract.UNIX_FAILURE, answer.body()) : List.of();
        }
        if (answer.status() != 200) {
            return List.of("over the Unix socket a success is 200");
        }
        boolean json = answer.contentType().contains("json");
        return json && answer.whole()
                ? contract.faultsOverUnix(operation.method(), operation.pattern(), answer.body())
                : List.of();
    }

    private List<String> events(String stream) {
        List<String> faults = new ArrayList<>();
        for (String block : stream.split("\n\n", -1)) {
            boolean reset = block.contains("event: reset\n");
            block.lines()
                    .filter(line -> line.startsWith("data:") && !reset)
                    .forEach(line -> faults.addAll(contract.faults(
                            "/components/schemas/Event",
                            line.substring("data:".length()).strip())));
        }
        return faults;
    }
}
