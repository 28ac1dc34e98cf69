package io.catena.agent.cli.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/** Tells what a command would do, for humans. */
public final class PlanText {
    private PlanText() {}

    /** Returns the answer to a dry run, each sentence with its line end. */
    public static String of(JsonElement answer) {
        if (answer.isJsonArray()) {
            StringBuilder all = new StringBuilder();
            answer.getAsJsonArray().forEach(plan -> all.append(of(plan)));
            return all.toString();
        }
        JsonObject plan = answer.getAsJsonObject();
        StringBuilder text = new StringBuilder();
        for (JsonElement effect : plan.getAsJsonArray("effects")) {
            text.append(Table.printable(effect.getAsString())).append('\n');
        }
        if (text.isEmpty()) {
            text.append("Nothing would be done.\n");
        }
        long freed = plan.get("bytesFreed").getAsLong();
        long moved = plan.get("bytesToMove").getAsLong();
        if (freed > 0 || moved > 0) {
            text.append("Frees ")
                    .append(Size.format(freed))
                    .append(", copies ")
                    .append(Size.format(moved))
                    .append(".\n");
        }
        for (JsonElement blocker : plan.getAsJsonArray("blockers")) {
            text.append("Refused now: ")
                    .append(Table.printable(blocker.getAsString()))
                    .append('\n');
        }
        return text.toString();
    }
}
