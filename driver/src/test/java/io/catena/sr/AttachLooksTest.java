package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.sr.open.Wanted;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How often files are read when an SR is attached after a crash: guests wait for it. */
final class AttachLooksTest {
    @TempDir
    Path redo;

    @Test
    void aBaseCopyIsNotReadForEachDiskThatBuildsOnIt(@TempDir Path directory, @TempDir Path crashed)
            throws IOException {
        String base;
        try (DirectorySr before = new DirectorySr(directory, redo);
                VhdRepository sr = before.create()) {
            base = baseCopyOfMany(before, sr);
            copy(directory, crashed);
        }

        Opens opens = new Opens(crashed);
        try (DirectorySr after = new DirectorySr(crashed, redo);
                VhdRepository sr = after.attach(opens, Wanted.KNOWN)) {
            assertThat(sr.vdis()).hasSize(9);
            // Once for what is put right after a crash, and once for the tree.
            assertThat(opens.opened).filteredOn(base::equals).hasSize(2);
        }
    }

    private static String baseCopyOfMany(DirectorySr files, VhdRepository sr) throws IOException {
        VdiId disk = DirectorySr.disk(sr);
        BlockDevice device = files.attach(sr, disk);
        DirectorySr.write(device, 0, 1);
        sr.detach(disk);
        for (int i = 0; i < 8; i++) {
            sr.clone(disk, "clone" + i, 0);
        }
        return sr.tree().get(0).file();
    }

    /** As a crash leaves it, without disks that were attached. */
    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    /** Notes which files are opened. */
    private static final class Opens extends ForwardingStorage {
        final List<String> opened = new ArrayList<>();

        Opens(Path directory) {
            super(new FileStorage(directory));
        }

        @Override
        public BlockFile openReadOnly(String name) throws IOException {
            opened.add(name);
            return super.openReadOnly(name);
        }
    }
}
