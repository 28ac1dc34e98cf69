package io.catena.agent.api.problem;

import com.google.gson.JsonObject;
import io.catena.agent.control.HttpStatusOf;
import io.catena.agent.remedy.ApiWords;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Failures as {@code application/problem+json} (RFC 9457), with the entry of the error table and what to do. */
public final class Problem {
    public static final String CONTENT_TYPE = "application/problem+json";

    /** Where {@code type} leads to. */
    public static final String TYPES = "/problems/";

    private static final long USUAL_RETRY_SECONDS = 5;

    private Problem() {}

    /**
     * Returns a failure of storage.
     *
     * @param request the id of the request
     */
    public static Reply of(SrException failure, String request) {
        SrError error = failure.error();
        JsonObject problem = problem(
                HttpStatusOf.error(error),
                error.name(),
                error.text(),
                failure.detail(),
                request,
                ApiWords.orNull(failure.advice()));
        if (failure.advice() != null && !failure.advice().remedies().isEmpty()) {
            problem.add("remedy", ApiWords.json(failure.advice()));
        }
        if (failure.field() != null) {
            problem.addProperty("field", failure.field());
        }
        problem.addProperty("number", error.number());
        problem.addProperty("retryable", error.retryable());
        return reply(problem, error.retryable() ? USUAL_RETRY_SECONDS : 0);
    }

    /** Returns a failure of a request as such. */
    public static Reply of(ApiException failure, String request) {
        String detail = String.valueOf(failure.getMessage());
        JsonObject problem =
                problem(failure.status(), failure.code(), title(failure.code()), detail, request, failure.correction());
        problem.addProperty("retryable", failure.retryAfterSeconds() > 0);
        Reply reply = reply(problem, failure.retryAfterSeconds());
        return failure.allowed().isEmpty() ? reply : reply.with("Allow", String.join(", ", failure.allowed()));
    }

    private static String title(String code) {
        String words = code.toLowerCase(Locale.ROOT).replace('_', ' ');
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }

    private static JsonObject problem(
            int status, String code, String title, String detail, String request, @Nullable String correction) {
        JsonObject problem = new JsonObject();
        problem.addProperty("type", TYPES + code);
        problem.addProperty("title", title);
        problem.addProperty("status", status);
        problem.addProperty("detail", detail);
        problem.addProperty("instance", request);
        problem.addProperty("code", code);
        if (correction != null) {
            problem.addProperty("correction", correction);
        }
        return problem;
    }

    private static Reply reply(JsonObject problem, long retryAfterSeconds) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (retryAfterSeconds > 0) {
            headers.put("Retry-After", Long.toString(retryAfterSeconds));
        }
        return new Reply(
                problem.get("status").getAsInt(),
                CONTENT_TYPE,
                problem + "\n",
                headers,
                problem.get("code").getAsString(),
                null);
    }
}
