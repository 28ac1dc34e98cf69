package io.catena.agent.follow.keep;

import io.catena.disk.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/**
 * Disks of one SR on hosts that die: what was flushed is on the platter, which the next host has; of the rest the next host finds
 * some, byte for byte, as after a power cut. A request may be done although its answer is lost.
 */
final class MortalHost {
    private final byte[] platter;
    private final Random random;

    MortalHost(int bytes, Random random) {
        platter = new byte[bytes];
        this.random = random;
    }

    byte[] platter() {
        return platter.clone();
    }

    /**
     * Begins a life.
     *
     * @param requests how many there are before it dies
     */
    Disk begin(int requests) {
        return new Disk(requests);
    }

    /** The disk during one life of its host. */
    final class Disk implements ServedDisk {
        private final byte[] memory = platter.clone();
        private int left;
        private boolean dead;

        private Disk(int requests) {
            left = requests;
        }

        /** A part of a request. */
        private interface Work {
            void run();
        }

        private synchronized void request(Work work) throws IOException {
            if (!dead && left > 0) {
                left--;
                work.run();
                return;
            }
            if (!dead) {
                die(work);
            }
            throw new HolderLostException("the host is dead", new IOException("dead"));
        }

        private void die(Work last) {
            dead = true;
            if (random.nextBoolean()) {
                last.run();
            }
            for (int at = 0; at < memory.length; at += SECTOR) {
                if (random.nextBoolean()) {
                    System.arraycopy(memory, at, platter, at, SECTOR);
                }
            }
        }

        @Override
        public long sizeBytes() {
            return memory.length;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long offset, ByteBuffer target) throws IOException {
            request(() -> target.put(memory, (int) offset, target.remaining()));
        }

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            request(() -> source.get(memory, (int) offset, source.remaining()));
        }

        @Override
        public void discard(long offset, long lengthBytes) throws IOException {
            writeZeroes(offset, lengthBytes, true);
        }

        @Override
        public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
            request(() -> Arrays.fill(memory, (int) offset, (int) (offset + lengthBytes), (byte) 0));
        }

        @Override
        public boolean zeroesFast() {
            return true;
        }

        @Override
        public Extent extent(long offset, long maxBytes) {
            return new Extent(maxBytes, true);
        }

        @Override
        public void flush() throws IOException {
            request(() -> System.arraycopy(memory, 0, platter, 0, memory.length));
        }

        @Override
        public synchronized void close() {
            if (!dead) {
                die(() -> {});
            }
        }
    }
}
