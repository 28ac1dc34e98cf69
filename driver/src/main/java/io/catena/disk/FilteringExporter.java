package io.catena.disk;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import java.io.IOException;
import java.util.List;

/** Publishes disks by another exporter, each behind the same filters. */
public final class FilteringExporter extends ForwardingExporter {
    private final List<DiskFilter> filters;

    /**
     * @param filters in the order in which a request meets them
     */
    public FilteringExporter(Exporter exporter, List<DiskFilter> filters) {
        super(exporter);
        this.filters = List.copyOf(filters);
    }

    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException {
        BlockDevice filtered = device;
        for (int i = filters.size() - 1; i >= 0; i--) {
            filtered = filters.get(i).filter(vdi, mode, filtered);
        }
        return super.publish(vdi, mode, filtered);
    }
}
