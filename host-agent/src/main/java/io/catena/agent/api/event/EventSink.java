package io.catena.agent.api.event;

import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes what happened. Safe for use by many threads; never throws. */
@FunctionalInterface
public interface EventSink {
    void happened(String kind, @Nullable SrId sr, @Nullable VdiId vdi, @Nullable Long job, Map<String, String> data);

    /** Something that happened to an SR. */
    default void toSr(String kind, SrId sr, Map<String, String> data) {
        happened(kind, sr, null, null, data);
    }

    /** Something that happened to a disk. */
    default void toVdi(String kind, @Nullable SrId sr, VdiId vdi, Map<String, String> data) {
        happened(kind, sr, vdi, null, data);
    }
}
