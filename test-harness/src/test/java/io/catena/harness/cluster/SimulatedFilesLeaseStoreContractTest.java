package io.catena.harness.cluster;

import io.catena.harness.contract.LeaseStoreContract;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.LeaseStore;
import java.util.UUID;

class SimulatedFilesLeaseStoreContractTest extends LeaseStoreContract {
    private final SimulatedStorage storage = SimulatedStorage.disk(1);

    @Override
    protected LeaseStore host() {
        return new FileLeaseStore(storage, UUID::randomUUID);
    }
}
