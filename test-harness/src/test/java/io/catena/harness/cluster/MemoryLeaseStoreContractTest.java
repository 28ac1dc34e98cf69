package io.catena.harness.cluster;

import io.catena.harness.contract.LeaseStoreContract;
import io.catena.lease.LeaseStore;

class MemoryLeaseStoreContractTest extends LeaseStoreContract {
    private final LeaseStore store = new MemoryLeaseStore();

    @Override
    protected LeaseStore host() {
        return store;
    }
}
