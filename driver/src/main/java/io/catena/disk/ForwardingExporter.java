package io.catena.disk;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import java.io.IOException;

/** An exporter that hands all on to another; what stands between an SR and the protocols changes some of the methods. */
public abstract class ForwardingExporter implements Exporter {
    private final Exporter exporter;

    protected ForwardingExporter(Exporter exporter) {
        this.exporter = exporter;
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
        return exporter.publish(vdi, mode, device);
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
