package io.catena.agent.cluster;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import io.catena.sr.record.NoteFiles;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What followers have attached of an SR, for whoever looks at it from outside: read in the note that the host that has it keeps. */
public final class FollowerDisks {
    /** The note. */
    public static final String NOTE = "followers.json";

    private FollowerDisks() {}

    /** What matters here of an entry. */
    private record Entry(VdiId vdi, String holder) {}

    /**
     * Returns the disks by what their hosts are called among the hosts; what cannot be understood is left out.
     *
     * @param storage the SR's directory
     */
    static Map<String, Set<VdiId>> read(Storage storage) throws IOException {
        Map<String, Set<VdiId>> disks = new TreeMap<>();
        for (Entry entry : entries(new NoteFiles(storage).read(NOTE).orElse("[]"))) {
            if (entry.vdi != null && entry.holder != null) {
                Hold.follower(entry.holder)
                        .ifPresent(host -> disks.computeIfAbsent(host, name -> new TreeSet<>())
                                .add(entry.vdi));
            }
        }
        return disks;
    }

    private static List<Entry> entries(String text) throws IOException {
        try {
            return Json.list(Json.read(text, JsonElement.class), Entry.class);
        } catch (JsonParseException e) {
            throw new IOException("the note " + NOTE + " is damaged: " + e.getMessage(), e);
        }
    }
}
