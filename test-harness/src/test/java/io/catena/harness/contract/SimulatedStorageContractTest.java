package io.catena.harness.contract;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.catena.harness.sim.Machine;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

class SimulatedStorageContractTest extends StorageContract {
    private final Machine machine = new Machine(1);

    @Override
    protected Storage storage() {
        return machine.disk("sr");
    }

    @Override
    protected String rootPath() {
        return "/sr";
    }

    /** Puts the file on another disk of the machine, mounted at the path's first part. */
    @Override
    protected void createBeside(String path, String text) throws IOException {
        int slash = path.indexOf('/');
        Storage disk = machine.disk(path.substring(0, slash));
        try (BlockFile file = disk.create(path.substring(slash + 1))) {
            file.write(0, ByteBuffer.wrap(text.getBytes(US_ASCII)));
        }
    }
}
