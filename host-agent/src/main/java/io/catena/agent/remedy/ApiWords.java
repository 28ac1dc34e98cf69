package io.catena.agent.remedy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import org.jspecify.annotations.Nullable;

/** Calls as requests of the API; those that only the command line has, as what to do on the host. */
public final class ApiWords {
    private ApiWords() {}

    /** Returns what to do; null for null. */
    public static @Nullable String orNull(@Nullable Advice advice) {
        return advice == null ? null : of(advice);
    }

    public static String of(Advice advice) {
        return advice.text(ApiWords::of);
    }

    public static String of(Remedy remedy) {
        return ApiCall.of(remedy).map(ApiCall::toString).orElseGet(() -> onHost(remedy));
    }

    static String onHost(Remedy remedy) {
        return CommandWords.of(remedy) + " (on the host)";
    }

    /**
     * Returns the calls of an advice for programs: {@code [{"verb","arguments","method"?,"path"?,"body"?}]}, without the last
     * three where the API has no such call.
     */
    public static JsonArray json(Advice advice) {
        JsonArray calls = new JsonArray();
        advice.remedies().forEach(remedy -> calls.add(json(remedy)));
        return calls;
    }

    private static JsonObject json(Remedy remedy) {
        JsonObject arguments = new JsonObject();
        remedy.arguments().forEach(arguments::addProperty);
        JsonObject call = new JsonObject();
        call.addProperty("verb", remedy.verb().text());
        call.add("arguments", arguments);
        ApiCall.of(remedy).ifPresent(request -> {
            call.addProperty("method", request.method());
            call.addProperty("path", request.path());
            if (!request.body().isEmpty()) {
                call.add("body", request.body());
            }
        });
        return call;
    }
}
