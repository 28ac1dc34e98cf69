package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.client.NbdDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A guest that writes all the time, flushes now and then, and reads what it wrote; it is patient, as guests on a hard disk are, and
 * any error is a failure. One thread runs it, others look how far it is.
 */
final class GuestWriter implements Callable<Long> {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int PAGE = 4096;
    private static final int FLUSH_EVERY = 40;
    private static final int READ_EVERY = 7;

    private final String uri;
    private final long[] expected;
    private final Random random;
    private final AtomicLong written = new AtomicLong();
    private volatile boolean enough;

    GuestWriter(String uri, long sizeBytes, long seed) {
        this.uri = uri;
        expected = new long[(int) (sizeBytes / PAGE)];
        random = new Random(seed);
    }

    /** How many writes were answered. */
    long written() {
        return written.get();
    }

    void stop() {
        enough = true;
    }

    @Override
    public Long call() throws IOException {
        try (NbdDisk disk = NbdDisk.connect(uri, PATIENCE)) {
            while (!enough) {
                step(disk);
            }
            for (int page = 0; page < expected.length; page++) {
                check(disk, page);
            }
        }
        return written();
    }

    /** Writes so much, and does not flush at the end. */
    void writeSome(int pages) throws IOException {
        try (NbdDisk disk = NbdDisk.connect(uri, PATIENCE)) {
            for (int i = 0; i < pages; i++) {
                step(disk);
            }
        }
    }

    private void step(NbdDisk disk) throws IOException {
        int page = random.nextInt(expected.length);
        long number = written.get() + 1;
        disk.write((long) page * PAGE, page(page, number));
        expected[page] = number;
        written.set(number);
        if (number % FLUSH_EVERY == 0) {
            disk.flush();
        }
        if (number % READ_EVERY == 0) {
            check(disk, random.nextInt(expected.length));
        }
    }

    /** Checks the whole disk where it is served now. */
    void check(String where) throws IOException {
        try (NbdDisk disk = NbdDisk.connect(where, PATIENCE)) {
            for (int page = 0; page < expected.length; page++) {
                check(disk, page);
            }
        }
    }

    private void check(NbdDisk disk, int page) throws IOException {
        ByteBuffer found = ByteBuffer.allocate(PAGE);
        disk.read((long) page * PAGE, found);
        assertThat(found.flip()).as("page " + page).isEqualTo(page(page, expected[page]));
    }

    private static ByteBuffer page(int page, long number) {
        ByteBuffer content = ByteBuffer.allocate(PAGE);
        while (content.hasRemaining() && number != 0) {
            content.putLong(page).putLong(number);
        }
        return content.clear();
    }
}
