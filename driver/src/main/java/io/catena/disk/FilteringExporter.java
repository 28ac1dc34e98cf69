package io.catena.disk;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import java.io.IOException;
import java.util.List;

/** Publishes disks by another exporter, each behind the same filters. */
public final class FilteringExporter implements Exporter {
    private final Exporter exporter;
    private final List<DiskFilter> filters;

    /**
     * @param filters in the order in which a request meets them
     */
    public FilteringExporter(Exporter exporter, List<DiskFilter> filters) {
        this.exporter = exporter;
        this.filters = List.copyOf(filters);
    }

    @Override
    public Export announce(VdiId vdi, AccessMode mode) {
        return exporter.announce(vdi, mode);
    }

    @Override
    public void conceal(VdiId vdi) {
        exporter.conceal(vdi);
    }

    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException {
        BlockDevice filtered = device;
        for (int i = filters.size() - 1; i >= 0; i--) {
            filtered = filters.get(i).filter(vdi, mode, filtered);
        }
        return exporter.publish(vdi, mode, filtered);
    }

    @Override
    public void withdraw(VdiId vdi) {
        exporter.withdraw(vdi);
    }

    @Override
    public void contentChanged(VdiId vdi) {
        exporter.contentChanged(vdi);
    }
}
