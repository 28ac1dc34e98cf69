package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.catena.agent.linux.LinuxFiles;
import io.catena.harness.bench.UnwatchedJob;
import io.catena.harness.peer.ReflinkImage;
import io.catena.sr.gc.PushDown;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.tool.HostFile;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.tool.OpenChain;
import io.catena.tool.VhdCoalesce;
import io.catena.tool.VhdConvert;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files share extents where the file system can do that, and are copied elsewhere; what they hold is the same. */
@Tag("slow")
class SharedExtentsTest {
    private static final int MIB = 1 << 20;
    private static final long DISK_BYTES = 256L * MIB;

    @TempDir
    private Path directory;

    @Test
    void onXfsBytesAreSharedAndLaterWritesAreNot() throws IOException {
        assertTrue(ReflinkImage.isPossible(), "only root can mount; run the tests as root");
        try (ReflinkImage xfs = ReflinkImage.mount(ReflinkImage.Kind.XFS, directory, 512L * MIB)) {
            Storage storage = storage(xfs.root());
            byte[] data = random(4 * MIB);
            try (BlockFile source = storage.create("source");
                    BlockFile target = storage.create("target")) {
                source.write(0, ByteBuffer.wrap(data));
                assertThat(target.takeFrom(source, MIB, 4096, MIB)).isEqualTo(BlockFile.Taken.SHARED);
                source.write(MIB, ByteBuffer.allocate(4096));

                assertThat(bytes(target, 4096, MIB)).isEqualTo(ByteBuffer.wrap(data, MIB, MIB));
            }
        }
    }

    @Test
    void elsewhereBytesAreCopiedInTheKernelAndHolesStayHoles() throws IOException {
        Storage storage = storage(directory);
        byte[] data = random(MIB);
        try (BlockFile source = storage.create("source");
                BlockFile target = storage.create("target")) {
            source.write(MIB, ByteBuffer.wrap(data));
            source.sync();
            BlockFile.Taken taken = target.takeFrom(source, MIB, 0, MIB);
            assertThat(taken).isNotEqualTo(BlockFile.Taken.HOLE);
            if (taken != BlockFile.Taken.REFUSED) {
                assertThat(bytes(target, 0, MIB)).isEqualTo(ByteBuffer.wrap(data));
                assertThat(target.takeFrom(source, 0, 0, MIB)).isIn(BlockFile.Taken.HOLE, BlockFile.Taken.SHARED);
            }
        }
    }

    @Test
    void onXfsMergingWholeBlocksTakesNoSpace() throws IOException {
        assertTrue(ReflinkImage.isPossible(), "only root can mount; run the tests as root");
        try (ReflinkImage xfs = ReflinkImage.mount(ReflinkImage.Kind.XFS, directory, 1024L * MIB)) {
            Storage storage = storage(xfs.root());
            byte[] data = random(64 * MIB);
            new NewVhd(Clock.systemUTC(), UUID::randomUUID).create(storage, "p.vhd", DISK_BYTES, NewDiskType.DYNAMIC);
            new NewVhd(Clock.systemUTC(), UUID::randomUUID).snapshot(storage, "k.vhd", "p.vhd");
            try (Layer child = ChainFile.vhd(storage, "k.vhd").openWritable(storage, null)) {
                child.write(8 * MIB, ByteBuffer.wrap(data));
                child.write(200L * MIB + 4096, ByteBuffer.wrap(data, 0, 12288));
            }
            long before = storage.space().freeBytes();

            new PushDown(storage, new UnwatchedJob())
                    .copy(ChainFile.vhd(storage, "k.vhd"), storage, ChainFile.vhd(storage, "p.vhd"));

            assertThat(before - storage.space().freeBytes())
                    .as("bytes taken by merging 64 MiB")
                    .isLessThan(8L * MIB);
            try (Layer parent = ChainFile.vhd(storage, "p.vhd").openReadOnly(storage)) {
                ByteBuffer found = ByteBuffer.allocate(64 * MIB);
                parent.read(8 * MIB, found);
                assertThat(found.flip()).isEqualTo(ByteBuffer.wrap(data));
                ByteBuffer piece = ByteBuffer.allocate(12288);
                parent.read(200L * MIB + 4096, piece);
                assertThat(piece.flip()).isEqualTo(ByteBuffer.wrap(data, 0, 12288));
            }
        }
    }

    @Test
    void onXfsFilesAreMergedAndConvertedOfflineWithoutTakingSpace() throws IOException {
        assertTrue(ReflinkImage.isPossible(), "only root can mount; run the tests as root");
        try (ReflinkImage xfs = ReflinkImage.mount(ReflinkImage.Kind.XFS, directory, 1024L * MIB)) {
            Storage storage = storage(xfs.root());
            byte[] data = random(64 * MIB);
            makeChain(storage, data);
            long before = storage.space().freeBytes();

            for (VhdConvert.Format format : VhdConvert.Format.values()) {
                convert(xfs.root(), format);
            }
            long converted = before - storage.space().freeBytes();
            new VhdCoalesce(new UnwatchedJob()).coalesce(file(xfs.root(), "k.vhd"), true);
            long merged = before - storage.space().freeBytes();

            System.out.printf(
                    Locale.ROOT,
                    "64 MiB on XFS: three conversions took %d KiB, and a merge %d KiB%n",
                    converted >> 10,
                    (merged - converted) >> 10);
            assertThat(converted).as("bytes taken by three copies of 64 MiB").isLessThan(16L * MIB);
            assertThat(merged).as("bytes taken in the end").isLessThan(24L * MIB);
            for (String name : List.of("RAW.raw", "FIXED.vhd", "DYNAMIC.vhd", "p.vhd")) {
                assertHolds(storage, name, data);
            }
        }
    }

    private static void makeChain(Storage storage, byte[] data) throws IOException {
        NewVhd files = new NewVhd(Clock.systemUTC(), UUID::randomUUID);
        files.create(storage, "p.vhd", DISK_BYTES, NewDiskType.DYNAMIC);
        files.snapshot(storage, "k.vhd", "p.vhd");
        try (Layer child = ChainFile.vhd(storage, "k.vhd").openWritable(storage, null)) {
            child.write(8 * MIB, ByteBuffer.wrap(data));
        }
    }

    private static void convert(Path root, VhdConvert.Format format) throws IOException {
        HostFile source = file(root, "k.vhd");
        HostFile made = file(root, format + (format == VhdConvert.Format.RAW ? ".raw" : ".vhd"));
        try (OpenChain chain = OpenChain.source(source.storage(), source.name())) {
            new VhdConvert(Clock.systemUTC(), UUID::randomUUID, new UnwatchedJob())
                    .convert(chain, made.storage(), made.name(), format);
        }
    }

    private static HostFile file(Path root, String name) throws IOException {
        return HostFile.of(root.resolve(name), List.of(), LinuxFiles::new);
    }

    private static void assertHolds(Storage storage, String name, byte[] data) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, name)) {
            ByteBuffer found = ByteBuffer.allocate(data.length + 2 * MIB);
            chain.disk().read(7L * MIB, found);
            assertThat(found.slice(0, MIB)).as(name).isEqualTo(ByteBuffer.allocate(MIB));
            assertThat(found.slice(MIB, data.length)).as(name).isEqualTo(ByteBuffer.wrap(data));
            assertThat(found.slice(MIB + data.length, MIB)).as(name).isEqualTo(ByteBuffer.allocate(MIB));
        }
    }

    private static Storage storage(Path root) {
        return LinuxFiles.storage(root);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer bytes(BlockFile file, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        file.readFully(offset, bytes);
        return bytes.flip();
    }
}
