package io.catena.harness.tool;

import io.catena.agent.linux.LinuxFiles;
import io.catena.store.Storage;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;

/**
 * A chain of base copies with a disk on top of it, made by hand in an SR's directory.
 *
 * @param number tells it from others
 * @param length number of files
 */
public record PlantedChain(long number, int length) {
    private static final int DISK_BYTES = 4 << 20;

    /** Makes the files. */
    public PlantedChain plant(Path directory) throws IOException {
        Storage storage = LinuxFiles.storage(directory);
        new VhdCreator(storage).dynamic(file(0), DISK_BYTES, id(0), 0);
        return rest(storage);
    }

    /** Makes the files, of which the first builds on the last. */
    public PlantedChain plantCircle(Path directory) throws IOException {
        Storage storage = LinuxFiles.storage(directory);
        ParentLink up = new ParentLink(id(length - 1), 0, file(length - 1));
        new VhdCreator(storage).differencing(file(0), DISK_BYTES, id(0), 0, up);
        return rest(storage);
    }

    private PlantedChain rest(Storage storage) throws IOException {
        for (int i = 1; i < length; i++) {
            ParentLink down = ParentLink.of(storage, file(i), file(i - 1), id(i - 1));
            new VhdCreator(storage).differencing(file(i), DISK_BYTES, id(i), 0, down);
            HiddenFlag.set(storage, file(i - 1), true);
        }
        return this;
    }

    /** Returns the id of the file at a place, of which the first is 0. */
    public UUID id(int place) {
        return new UUID(number, place);
    }

    /** Returns the id of the disk. */
    public String disk() {
        return id(length - 1).toString();
    }

    /** Returns the name of the file at a place. */
    public String file(int place) {
        return id(place) + ".vhd";
    }
}
