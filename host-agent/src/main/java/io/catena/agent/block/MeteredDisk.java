package io.catena.agent.block;

import io.catena.disk.BlockDevice;
import io.catena.disk.ForwardingDevice;
import io.catena.disk.RequestMeter;
import io.catena.disk.RequestMeter.Operation;
import io.catena.disk.RequestMeter.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A disk whose requests are measured, for servers that do not do it themselves. They count from when the disk is asked. */
final class MeteredDisk extends ForwardingDevice {
    private final RequestMeter meter;

    MeteredDisk(BlockDevice disk, RequestMeter meter) {
        super(disk);
        this.meter = meter;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        measure(Operation.READ, target.remaining(), () -> super.read(offset, target));
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        measure(Operation.WRITE, source.remaining(), () -> super.write(offset, source));
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        measure(Operation.DISCARD, lengthBytes, () -> super.discard(offset, lengthBytes));
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        measure(Operation.WRITE_ZEROES, lengthBytes, () -> super.writeZeroes(offset, lengthBytes, mayDeallocate));
    }

    @Override
    public void flush() throws IOException {
        measure(Operation.FLUSH, 0, super::flush);
    }

    private interface Access {
        void run() throws IOException;
    }

    private void measure(Operation operation, long bytes, Access access) throws IOException {
        long start = System.nanoTime();
        Outcome outcome = Outcome.FAILED;
        try {
            access.run();
            outcome = Outcome.DONE;
        } finally {
            meter.answered(operation, outcome, bytes, 0, System.nanoTime() - start);
        }
    }
}
