package io.catena.agent.follow;

import io.catena.agent.follow.keep.HolderLostException;
import io.catena.agent.follow.keep.ServedDisk;
import io.catena.agent.nbd.client.NbdErrorException;
import io.catena.agent.nbd.client.RemoteDisk;
import io.catena.disk.ForwardingDevice;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A disk at the host that has the SR. That the disk has failed is believed only of a host that still has it: one that was fenced
 * answers all with errors.
 */
final class HolderDisk extends ForwardingDevice implements ServedDisk {
    private final RemoteDisk disk;
    private final Judge judge;

    /** Tells whether the host that serves the disk still has the SR. */
    @FunctionalInterface
    interface Judge {
        boolean isHolder() throws IOException;
    }

    HolderDisk(RemoteDisk disk, Judge judge) {
        super(disk);
        this.disk = disk;
        this.judge = judge;
    }

    /** A request. */
    private interface Request {
        void run() throws IOException;
    }

    private void ask(Request request) throws IOException {
        try {
            request.run();
        } catch (NbdErrorException e) {
            if (e.isOfDisk() && !isHolder(e)) {
                throw new HolderLostException("the host that served the disk has lost the SR", e);
            }
            throw e;
        } catch (IOException e) {
            throw new HolderLostException("the host that has the SR answers no more: " + e.getMessage(), e);
        }
    }

    private boolean isHolder(IOException answer) {
        try {
            return judge.isHolder();
        } catch (IOException e) {
            answer.addSuppressed(e);
            return false;
        }
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        ask(() -> disk.read(offset, target));
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        ask(() -> disk.write(offset, source));
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        ask(() -> disk.discard(offset, lengthBytes));
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        ask(() -> disk.writeZeroes(offset, lengthBytes, mayDeallocate));
    }

    @Override
    public void flush() throws IOException {
        ask(disk::flush);
    }

    @Override
    public void close() {
        disk.close();
    }
}
