package io.catena.agent.smapi;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import io.catena.agent.cbt.XenChangedBlocks;
import io.catena.api.SrHealth;
import io.catena.api.SrStat;
import io.catena.api.Vdi;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The results of the interface definition, each a record with its fields in the order of the definition. What is null is left
 * out: the caller refuses an optional field that is null.
 */
final class Answers {
    /** The result of a method that returns nothing. */
    static final JsonElement NOTHING = JsonNull.INSTANCE;

    private static final Gson GSON = new GsonBuilder()
            .disableHtmlEscaping()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .create();

    private Answers() {}

    record Failure(String code, List<String> params, Backtrace backtrace) {}

    record Backtrace(String error, List<String> files, List<String> lines) {}

    record Query(
            String plugin,
            String name,
            String description,
            String vendor,
            String copyright,
            String version,
            String requiredApiVersion,
            List<String> features,
            Map<String, String> configuration,
            List<String> requiredClusterStack) {}

    /**
     * How an SR does.
     *
     * @param health a name, and what is to be said of it
     */
    record SrState(
            String sr,
            String name,
            String uuid,
            String description,
            long freeSpace,
            long totalSpace,
            List<String> datasources,
            boolean clustered,
            List<String> health) {}

    record ProbeResult(
            Map<String, String> configuration,
            boolean complete,
            @Nullable SrState sr,
            Map<String, String> extraInfo) {}

    /**
     * A volume.
     *
     * @param uri where it can be reached, the best first
     */
    record Volume(
            String key,
            String uuid,
            String name,
            String description,
            boolean readWrite,
            boolean sharable,
            long virtualSize,
            long physicalUtilisation,
            List<String> uri,
            Map<String, String> keys,
            String volumeType,
            boolean cbtEnabled) {}

    /**
     * Where two volumes may differ.
     *
     * @param ranges pairs of a first block and a number of blocks
     */
    record BlockList(int blocksize, List<List<Long>> ranges) {}

    record Backend(List<JsonElement> implementations) {}

    record XenDisk(String params, Map<String, String> extra, String backendType) {}

    record BlockDevice(String path) {}

    record Nbd(String uri) {}

    /** Which blocks differ: base64, the first block is the highest bit of the first byte. */
    record ChangedBlocks(int granularity, String bitmap) {}

    /** How a copy does. */
    record OperationState(boolean failed, boolean complete, double progress) {}

    /** Returns a volume of an SR. */
    static Volume volume(Vdi vdi) {
        String key = vdi.vdi().toString();
        boolean hasData = vdi.state() != Vdi.State.WITHOUT_DATA;
        Map<String, String> keys = new TreeMap<>(vdi.keys());
        keys.keySet().removeIf(XenChangedBlocks::isKey);
        return new Volume(
                key,
                key,
                vdi.name(),
                vdi.description(),
                !vdi.readOnly(),
                false,
                vdi.virtualSizeBytes(),
                vdi.physicalBytes(),
                hasData ? List.of(new VolumeUri(vdi.sr(), vdi.vdi()).toString()) : List.of(),
                keys,
                hasData ? "Data" : "CBT_Metadata",
                XenChangedBlocks.isEnabled(vdi));
    }

    /**
     * Returns an SR that answers. One that is degraded is healthy, too, with a remark: XAPI shows no volume at all of one that
     * is not.
     */
    static SrState healthy(SrStat stat) {
        String id = stat.sr().id().toString();
        return new SrState(
                id,
                stat.sr().name(),
                id,
                stat.description(),
                stat.freeBytes(),
                stat.capacityBytes(),
                List.of(),
                false,
                List.of("Healthy", remark(stat.health())));
    }

    private static String remark(SrHealth health) {
        return health.reasons().stream().map(SrHealth.Reason::what).collect(Collectors.joining("; "));
    }

    /** Returns a variant with a payload: {@code ["Tag", payload]}. */
    static JsonElement variant(String tag, Object payload) {
        JsonArray pair = new JsonArray();
        pair.add(tag);
        pair.add(GSON.toJsonTree(payload));
        return pair;
    }

    /** Returns any of the records here, a string, a list of those, or {@link #NOTHING}, as JSON on one line. */
    static String write(Object answer) {
        return GSON.toJson(answer);
    }
}
