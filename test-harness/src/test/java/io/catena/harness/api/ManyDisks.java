package io.catena.harness.api;

import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** An SR of 10,000 disks: 100 trees, in which each disk has up to ten that were made of it. */
final class ManyDisks {
    static final int DISKS = 10_000;
    static final int TREES = 100;
    private static final int CHILDREN = 10;
    private static final long DISK_BYTES = 1L << 30;

    private ManyDisks() {}

    /** Makes it, and has an agent attach it. */
    static void attach(ControlClient agent, Path directory) throws IOException {
        Storage storage = new FileStorage(Files.createDirectories(directory));
        VhdCreator creator = new VhdCreator(storage);
        for (int i = 0; i < DISKS; i++) {
            if (i < TREES) {
                creator.dynamic(name(i), DISK_BYTES, id(i), 0);
            } else {
                int parent = (i - TREES) / CHILDREN;
                ParentLink link = ParentLink.of(storage, name(i), name(parent), id(parent));
                creator.differencing(name(i), DISK_BYTES, id(i), 0, link);
            }
        }
        JsonObject body = new JsonObject();
        body.addProperty("path", directory.toString());
        body.addProperty("adopt", true);
        agent.post("/v1/srs/attach", body);
    }

    static UUID id(int disk) {
        return new UUID(18, disk + 1L);
    }

    private static String name(int disk) {
        return id(disk) + ".vhd";
    }
}
