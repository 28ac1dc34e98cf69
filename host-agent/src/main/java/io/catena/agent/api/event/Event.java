package io.catena.agent.api.event;

import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened.
 *
 * @param id larger than that of every event before, also over restarts
 * @param kind what happened: "vdi.created", "job.done"
 * @param sr the SR that it happened in; null if in none
 * @param vdi the disk that it happened to; null if to none
 * @param job the job that it happened to; null if to none
 * @param data what else there is to say, all of it text
 */
public record Event(
        long id,
        Instant time,
        String kind,
        @Nullable SrId sr,
        @Nullable VdiId vdi,
        @Nullable Long job,
        Map<String, String> data) {
    public Event {
        data = Map.copyOf(data);
    }
}
