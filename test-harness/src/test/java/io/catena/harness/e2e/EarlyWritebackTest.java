package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.ReflinkImage;
import io.catena.harness.tool.BareSr;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest's writes do not wait for XFS to write, at the close of a file by somebody else, what was just written to it. */
@Timeout(120)
@Tag("slow")
class EarlyWritebackTest {
    private static final int MIB = 1 << 20;
    private static final int DISK_BYTES = 32 * MIB;
    private static final int PIECE_BYTES = 4096;

    /** So that most writes fill holes: a file that grows has places for what is written ahead. */
    private static final int STEP_BYTES = 2 * MIB + 3 * PIECE_BYTES;

    private static final int FILE_BLOCK = 4096;
    private static final Duration DEADLINE = Duration.ofMinutes(1);

    /** Longer than what has begun to be written takes. */
    private static final Duration WRITEBACK = Duration.ofSeconds(1);

    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final Pattern EXTENT =
            Pattern.compile("^\\s*\\d+:\\s*\\d+\\.\\.\\s*\\d+:\\s*\\d+\\.\\.\\s*\\d+:\\s*(\\d+):.*");

    /** Headers and the table of blocks, which were synced before the instant, and the ends of what is written around them. */
    private static final long MOST_WRITTEN_BYTES = 64 << 10;

    @TempDir
    Path directory;

    private final Jobs jobs = BareSr.jobs();

    @AfterEach
    void close() {
        jobs.close();
    }

    @Test
    void whatIsWrittenAfterACutStaysInMemoryForNow() throws Exception {
        assertTrue(ReflinkImage.isPossible(), "only root can mount; run the tests as root");
        try (ReflinkImage image = ReflinkImage.mount(ReflinkImage.Kind.XFS, directory, 1024L * MIB)) {
            FileStorage storage = LinuxFiles.storage(image.root());
            VhdRepository.create(storage, new SrId(new UUID(1, 1)), "sr");
            Path redo = Files.createDirectory(directory.resolve("redo"));
            BareSr sr = new BareSr(storage, new FileStorage(redo), 3);
            try (VhdRepository repository = sr.attach(jobs)) {
                repository.create(new VdiSpec(DISK_BYTES, "disk", "", DISK, false));
                repository.attach(DISK, AccessMode.READ_WRITE);
                snapshotUnderWrites(sr, repository);
                LockSupport.parkNanos(WRITEBACK.toNanos());

                Extents found = Extents.of(image.root().resolve(DISK + ".vhd"));
                assertThat(found.inMemory()).as(found.text()).isPositive();
                assertThat(found.written()).as(found.text()).isLessThan(MOST_WRITTEN_BYTES);
            }
        }
    }

    private static void snapshotUnderWrites(BareSr sr, VhdRepository repository) throws Exception {
        AtomicBoolean isDone = new AtomicBoolean();
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            for (long at = 0; !isDone.get(); at = (at + STEP_BYTES) % DISK_BYTES) {
                write(sr, at);
            }
        });
        try {
            repository.snapshot(List.of(DISK), "");
        } finally {
            isDone.set(true);
        }
        writer.get();
    }

    private static void write(BareSr sr, long at) {
        try {
            sr.device(DISK).write(at, ByteBuffer.allocate(PIECE_BYTES).putInt(0, (int) at + 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Where the bytes of a file are.
     *
     * @param inMemory how many are not on the disk yet, whether they have a place there or not
     * @param written how many are
     */
    private record Extents(String text, long inMemory, long written) {
        static Extents of(Path file) throws IOException {
            String text =
                    Programs.run(DEADLINE, "filefrag", "-v", file.toString()).stdout();
            long inMemory = 0;
            long written = 0;
            for (String line : text.lines().toList()) {
                Matcher extent = EXTENT.matcher(line);
                if (extent.matches()) {
                    long bytes = Long.parseLong(extent.group(1)) * FILE_BLOCK;
                    boolean isWritten = !line.contains("delalloc") && !line.contains("unwritten");
                    inMemory += isWritten ? 0 : bytes;
                    written += isWritten ? bytes : 0;
                }
            }
            return new Extents(text, inMemory, written);
        }
    }
}
