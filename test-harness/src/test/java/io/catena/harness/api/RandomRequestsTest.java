package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random requests for every operation of the contract: a few, or with {@code -Dcatena.api.minutes=N} as many as there is time for.
 * {@code -Dcatena.api.seed=N} begins with another one.
 */
@Timeout(value = 12, unit = TimeUnit.HOURS)
@Tag("slow")
class RandomRequestsTest {
    private static final long MINUTES = Long.getLong("catena.api.minutes", 0);
    private static final long SEED = Long.getLong("catena.api.seed", 18);
    private static final int REQUESTS = 600;

    /** Then with another agent, since one that has much becomes slow. */
    private static final int MOST_REQUESTS = 4000;

    @TempDir
    private Path directory;

    @Test
    void everyAnswerIsInTheContractAndInTime() throws IOException, InterruptedException {
        long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
        long seed = SEED;
        do {
            Path home = Files.createDirectory(directory.resolve(Long.toString(seed)));
            run(home, seed++, () -> System.nanoTime() < end);
            assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(home.toString());
        } while (System.nanoTime() < end);

        assertThat(files()).as("made outside").noneMatch(name -> name.matches("(new|name|fresh)-\\d+"));
    }

    private static void run(Path home, long seed, BooleanSupplier thereIsTime)
            throws IOException, InterruptedException {
        try (RandomRequests requests = new RandomRequests(home, seed)) {
            BooleanSupplier goOn = () -> MINUTES == 0
                    ? requests.count() < REQUESTS
                    : requests.count() < MOST_REQUESTS && thereIsTime.getAsBoolean();
            assertThat(requests.run(goOn))
                    .as("repeat it with -Dcatena.api.minutes=10 -Dcatena.api.seed=" + seed)
                    .isEmpty();
            System.out.println("seed " + seed + ": " + requests.count() + " requests, "
                    + requests.succeeded().size() + " operations succeeded: " + requests.succeeded());
            if (requests.count() >= REQUESTS) {
                assertThat(requests.succeeded()).hasSizeGreaterThan(30);
            }
        }
    }

    /** Returns what lies in the working directory, in which nothing is to be made. */
    private static List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(""))) {
            return files.map(Path::toString).toList();
        }
    }
}
