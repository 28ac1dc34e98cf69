package io.catena.harness.check;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.harness.sim.Machine;
import io.catena.harness.tool.BareSr;
import io.catena.op.Bytes;
import io.catena.op.Journal;
import io.catena.op.Rewrite;
import io.catena.op.Snapshot;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Damaged records and redo logs of an SR whose agent died: attaching it works, or says why not. {@code -Dfuzz.seconds=N}
 * takes longer, {@code -Dseed=N} begins with that input.
 */
@Tag("slow")
final class RecordFuzzTest {
    private static final long SECONDS = Long.getLong("fuzz.seconds", 20) / 4 + 1;
    private static final long FIRST_SEED = Long.getLong("seed", 1);
    private static final long DISK_BYTES = 4 << 20;
    /** Warns of each damaged record; kept, because a logger that nobody keeps forgets its level. */
    private static final Logger LOG = Logger.getLogger("io.catena.sr.record.VdiRecords");

    private static final String[] PIECES = {
        "null",
        "{}",
        "[]",
        "\"\"",
        "-1",
        "1e99",
        "9223372036854775807",
        "\"../../x\"",
        "\"/\"",
        "true",
        "[null]",
        "{\"\":",
        "\\u0000",
        "\"AAAA\"",
        "\"Rewrite\"",
        "\"Snapshot\"",
        "\"Relink\""
    };

    static {
        LOG.setLevel(Level.OFF);
    }

    @Test
    @Timeout(3600)
    void noRecordMakesAttachingFailButWithAReason() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        long seed = FIRST_SEED;
        int attached = 0;
        while (System.nanoTime() < end) {
            try {
                attached += runOne(seed) ? 1 : 0;
            } catch (IOException | RuntimeException | AssertionError e) {
                throw new AssertionError("repeat with -Dseed=" + seed, e);
            }
            seed++;
        }
        long inputs = seed - FIRST_SEED;
        System.out.println("fuzzed records: " + inputs);
        assertThat(inputs).isGreaterThan(SECONDS);
        assertThat(attached).as("of %d", inputs).isBetween(1, (int) inputs);
    }

    /** Returns whether the SR could be attached. */
    private static boolean runOne(long seed) throws IOException {
        Machine machine = new Machine(seed);
        Random random = new Random(new SplittableRandom(seed).nextLong());
        Storage disk = machine.disk("sr");
        Storage tmpfs = machine.tmpfs("run");
        try (Jobs jobs = BareSr.jobs()) {
            prepare(disk, new BareSr(disk, tmpfs, seed), jobs);
            machine.kill();
            machine.restart();
            List<Place> places = places(disk, tmpfs);
            Place place = places.get(random.nextInt(places.size()));
            damage(place, random);
            return attaches(place, new BareSr(disk, tmpfs, seed + 1), jobs);
        }
    }

    private static boolean attaches(Place place, BareSr sr, Jobs jobs) throws IOException {
        try (VhdRepository repository = sr.attach(jobs)) {
            assertThat(repository.vdis()).as(place.name()).hasSizeBetween(place.isOfOneDisk() ? 1 : 2, 2);
            return true;
        } catch (SrException e) {
            assertThat(place.isOfOneDisk())
                    .as("%s harms others: %s", place.name(), e)
                    .isFalse();
            return false;
        }
    }

    private static void prepare(Storage disk, BareSr sr, Jobs jobs) throws IOException {
        VhdRepository.create(disk, BareSr.ID, "sr");
        // Not closed: its process is killed.
        @SuppressWarnings("resource")
        VhdRepository repository = sr.attach(jobs);
        VdiId first = repository
                .create(new VdiSpec(DISK_BYTES, "disk", "", new VdiId(new UUID(2, 2)), false))
                .vdi();
        repository.snapshot(List.of(first), "snapshot");
        repository.attach(first, AccessMode.READ_WRITE);
        sr.device(first).write(512, ByteBuffer.allocate(1024));
        String leaf = first + ".vhd";
        ByteBuffer copy = ByteBuffer.allocate(512);
        try (BlockFile file = disk.openReadOnly(leaf)) {
            file.readFully(0, copy);
        }
        Journal.of(disk, leaf)
                .record(new Rewrite(
                        leaf, List.of(Bytes.of(0, copy.flip())), disk.info(leaf).sizeBytes()));
        new Journal(disk)
                .record(new Snapshot(
                        List.of(), List.of(), List.of(new Snapshot.TextFile(".catena/vdi/x", "x")), List.of()));
    }

    /** A file to be damaged. */
    private record Place(Storage storage, String name) {
        /** Whether no other disk may suffer from it. */
        boolean isOfOneDisk() {
            return name.endsWith(".catena-journal") || name.startsWith(".catena/vdi/");
        }
    }

    private static List<Place> places(Storage disk, Storage tmpfs) throws IOException {
        List<Place> places = new ArrayList<>();
        for (String directory : List.of(".catena", ".catena/vdi", ".catena/journal", "")) {
            for (String name : disk.list(directory)) {
                if (name.endsWith(".json") || name.endsWith("-journal")) {
                    places.add(new Place(disk, name));
                }
            }
        }
        for (String name : tmpfs.list(BareSr.ID.toString())) {
            places.add(new Place(tmpfs, name));
        }
        assertThat(places).as("records, journals and redo logs").hasSizeGreaterThanOrEqualTo(7);
        return places;
    }

    private static void damage(Place place, Random random) throws IOException {
        try (BlockFile file = place.storage().open(place.name())) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.readFully(0, bytes);
            byte[] damaged = damaged(bytes.array(), random);
            file.truncate(0);
            file.write(0, ByteBuffer.wrap(damaged));
        }
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        byte[] result = bytes;
        for (int i = random.nextInt(3); i >= 0; i--) {
            int from = random.nextInt(result.length + 1);
            int to = from + random.nextInt(Math.min(40, result.length - from + 1));
            result = switch (random.nextInt(4)) {
                case 0 -> joined(result, from, new byte[0], to);
                case 1 -> joined(result, from, bytes(random), to);
                case 2 -> value(result, random);
                default -> joined(result, from, PIECES[random.nextInt(PIECES.length)].getBytes(UTF_8), to);
            };
        }
        return result;
    }

    /** Puts another value in the place of one that is behind a colon: still JSON as a rule. */
    private static byte[] value(byte[] bytes, Random random) {
        int from = random.nextInt(bytes.length + 1);
        while (from < bytes.length && bytes[from] != ':') {
            from++;
        }
        int to = from + 1;
        while (to < bytes.length && bytes[to] != ',' && bytes[to] != '}') {
            to++;
        }
        String piece = ":" + PIECES[random.nextInt(PIECES.length)];
        return from >= bytes.length ? bytes : joined(bytes, from, piece.getBytes(UTF_8), to);
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(8)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] joined(byte[] bytes, int from, byte[] piece, int to) {
        ByteBuffer result = ByteBuffer.allocate(from + piece.length + bytes.length - to);
        return result.put(bytes, 0, from)
                .put(piece)
                .put(bytes, to, bytes.length - to)
                .array();
    }
}
