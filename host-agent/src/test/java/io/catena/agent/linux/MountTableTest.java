package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class MountTableTest {
    private static final String FUSE =
            "36 35 0:45 / /run/my\\040agent/block/one rw,nosuid shared:7 master:1 - fuse.catena catena rw,user_id=0";
    private static final String DISK = "37 35 7:0 / /mnt/d rw,relatime - ext4 /dev/loop0 rw";

    private final MountTable table = new MountTable(List.of(MountTable.decode(FUSE), MountTable.decode(DISK)));

    @Test
    void anyNumberOfTagsIsSkippedAndBlanksAreUnescaped() {
        assertThat(table.mounts())
                .containsExactly(
                        new MountTable.Mount(
                                Path.of("/run/my agent/block/one"),
                                "fuse.catena",
                                "catena",
                                Set.of("rw", "nosuid", "user_id=0")),
                        new MountTable.Mount(Path.of("/mnt/d"), "ext4", "/dev/loop0", Set.of("rw", "relatime")));
    }

    @Test
    void mountsAreFoundByPlaceAndTypeByDirectoryAndByDevice() {
        Path one = Path.of("/run/my agent/block/one");
        assertThat(table.isMounted(one, FuseConnection.TYPE)).isTrue();
        assertThat(table.isMounted(one, "ext4")).isFalse();
        assertThat(table.within(Path.of("/run/my agent/block"), FuseConnection.TYPE))
                .containsExactly(one);
        assertThat(table.of(Path.of("/dev/loop0"))).containsExactly(Path.of("/mnt/d"));
    }

    /** By FUSE every user mounts something, where he likes and under a name that he likes. */
    @Test
    void whatUsersMountNeitherHidesTheOthersNorPassesForADevice() {
        byte[] table = (DISK + "\n38 35 0:46 / /home/eve/\u00ff\r rw - fuse.evil x\u00fe rw\n"
                        + "39 35 0:47 / /home/eve/b rw - fuse /dev/loop0 rw\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        MountTable parsed = MountTable.parse(table);

        assertThat(parsed.mounts()).hasSize(3);
        assertThat(parsed.at(Path.of("/mnt/d"))).isPresent();
        assertThat(parsed.of(Path.of("/dev/loop0"))).containsExactly(Path.of("/mnt/d"));
    }
}
