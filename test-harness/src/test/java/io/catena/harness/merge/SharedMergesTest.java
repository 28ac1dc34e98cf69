package io.catena.harness.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.GcStatus;
import io.catena.api.GcStatus.Way;
import io.catena.api.Job;
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
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Where files can share extents, merging shares whole blocks, whichever way nodes are merged: the job says so, and so does
 * the file system.
 */
@Timeout(300)
@Tag("slow")
class SharedMergesTest {
    private static final int MIB = 1 << 20;
    private static final int DISK_MIB = 32;
    private static final int MORE_MIB = 24;
    private static final int LESS_MIB = 4;
    private static final int FILE_BLOCK = 4096;
    private static final long IMAGE_BYTES = 1024L * MIB;
    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final Pattern RESULT = Pattern.compile("\\((\\d+) bytes copied, (\\d+) shared\\)");
    private static final Pattern SHARED_EXTENT =
            Pattern.compile("^\\s*\\d+:\\s*\\d+\\.\\.\\s*\\d+:\\s*\\d+\\.\\.\\s*\\d+:\\s*(\\d+):.*\\bshared\\b.*");

    /** Which nodes, and which way. */
    private enum Merge {
        INNER_PUSH_DOWN(Way.PUSH_DOWN, true, false),
        INNER_PULL_UP(Way.PULL_UP, true, false),
        LEAF_DRAIN(Way.DRAIN, false, false),
        LEAF_PULL_UP(Way.PULL_UP, false, false),
        LIVE_LEAF_DRAIN(Way.DRAIN, false, true),
        LIVE_LEAF_PULL_UP(Way.PULL_UP, false, true);

        final Way way;
        final boolean inner;
        final boolean live;

        Merge(Way way, boolean inner, boolean live) {
            this.way = way;
            this.inner = inner;
            this.live = live;
        }

        /** What moves is small, else it would not be moved. */
        int lowerMib() {
            return way == Way.PULL_UP ? LESS_MIB : MORE_MIB;
        }

        int movedMib() {
            return way == Way.PULL_UP ? LESS_MIB : DISK_MIB - MORE_MIB;
        }
    }

    @TempDir
    Path directory;

    private final Jobs jobs = BareSr.jobs();
    private final Random random = new Random(1);

    @AfterEach
    void close() {
        jobs.close();
    }

    @ParameterizedTest
    @EnumSource
    void wholeBlocksAreSharedAndNothingIsWritten(ReflinkImage.Kind kind) throws IOException {
        assertTrue(ReflinkImage.isPossible(), "only root can mount; run the tests as root");
        try (ReflinkImage image = ReflinkImage.mount(kind, directory, IMAGE_BYTES)) {
            for (Merge merge : Merge.values()) {
                Path root = Files.createDirectory(image.root().resolve(merge.name()));
                Path redo = Files.createDirectories(directory.resolve("redo-" + merge));
                merge(merge, root, redo);
            }
        }
    }

    private void merge(Merge merge, Path root, Path redo) throws IOException {
        FileStorage storage = LinuxFiles.storage(root);
        VhdRepository.create(storage, new SrId(new UUID(1, 1)), "sr");
        BareSr sr = new BareSr(storage, new FileStorage(redo), 3);
        byte[] content = new byte[DISK_MIB * MIB];
        random.nextBytes(content);
        try (VhdRepository repository = sr.attach(jobs)) {
            repository.create(new VdiSpec(content.length, "disk", "", DISK, false));
            repository.attach(DISK, AccessMode.READ_WRITE);
            write(sr, content, 0, merge.lowerMib());
            VdiId snapshot = repository.snapshot(List.of(DISK), "").get(0).vdi();
            write(sr, content, merge.lowerMib(), DISK_MIB);
            if (merge.inner) {
                repository.snapshot(List.of(DISK), "");
            }
            if (!merge.live) {
                repository.detach(DISK);
            }
            repository.destroy(snapshot);

            GcStatus.Step step = onlyStep(repository);
            assertThat(step.way()).as(merge + ": " + step).isEqualTo(merge.way);
            Path kept = keepMoved(root, step);
            Job job = jobs.waitFor(repository.collectGarbage().id(), DEADLINE);

            assertSharing(merge, job);
            assertThat(sharedBytes(survivor(root, step)))
                    .as("%s: bytes that the file shares with a copy of the one that is gone", merge)
                    .isGreaterThanOrEqualTo((long) merge.movedMib() * MIB);
            Files.delete(kept);
            if (!merge.live) {
                repository.attach(DISK, AccessMode.READ_WRITE);
            }
            assertContent(merge, sr, content);
            random.nextBytes(content);
            write(sr, content, 0, DISK_MIB);
            assertContent(merge, sr, content);
        }
    }

    private static GcStatus.Step onlyStep(VhdRepository repository) {
        List<GcStatus.Step> plan = repository.garbage().status().plan();
        assertThat(plan).hasSize(1);
        return plan.get(0);
    }

    /** Keeps what is moved, elsewhere, by sharing its extents: whoever shares them then does so with this copy. */
    private static Path keepMoved(Path root, GcStatus.Step step) throws IOException {
        String moved = step.way() == Way.PULL_UP ? String.valueOf(step.parent()) : step.node();
        Path kept = root.resolveSibling("kept");
        Programs.run(DEADLINE, "cp", "--reflink=always", root.resolve(moved).toString(), kept.toString());
        return kept;
    }

    private static Path survivor(Path root, GcStatus.Step step) {
        // A leaf's base copy takes its name.
        String name = step.way() == Way.PUSH_DOWN ? String.valueOf(step.parent()) : step.node();
        return root.resolve(name);
    }

    private static long sharedBytes(Path file) throws IOException {
        String extents =
                Programs.run(DEADLINE, "filefrag", "-s", "-v", file.toString()).stdout();
        return extents.lines()
                        .map(SHARED_EXTENT::matcher)
                        .filter(Matcher::matches)
                        .mapToLong(extent -> Long.parseLong(extent.group(1)))
                        .sum()
                * FILE_BLOCK;
    }

    private static void assertSharing(Merge merge, Job job) {
        Matcher result = RESULT.matcher(job.result());
        assertThat(result.find()).as(merge + ": " + job).isTrue();
        assertThat(Long.parseLong(result.group(1)))
                .as("%s: bytes copied", merge)
                .isZero();
        assertThat(Long.parseLong(result.group(2)))
                .as("%s: bytes shared", merge)
                .isEqualTo((long) merge.movedMib() * MIB);
    }

    private static void write(BareSr sr, byte[] content, int fromMib, int toMib) throws IOException {
        sr.device(DISK).write((long) fromMib * MIB, ByteBuffer.wrap(content, fromMib * MIB, (toMib - fromMib) * MIB));
        sr.device(DISK).flush();
    }

    private static void assertContent(Merge merge, BareSr sr, byte[] content) throws IOException {
        ByteBuffer found = ByteBuffer.allocate(content.length);
        sr.device(DISK).read(0, found);
        assertThat(found.flip().mismatch(ByteBuffer.wrap(content)))
                .as("%s: first byte that is wrong", merge)
                .isEqualTo(-1);
    }
}
