package io.catena.harness.contract;

import io.catena.harness.sim.SimulatedStorage;
import io.catena.store.Storage;

class SimulatedStorageBlockFileContractTest extends BlockFileContract {
    @Override
    protected Storage storage() {
        return SimulatedStorage.disk(1);
    }
}
