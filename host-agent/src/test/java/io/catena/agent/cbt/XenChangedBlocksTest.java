package io.catena.agent.cbt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.DiskRange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrInventory;
import io.catena.api.Vdi;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Changed blocks are told from the older to the newer, as XenServer's drivers do; in any other order that is fault 460. */
class XenChangedBlocksTest {
    private static final VdiId DISK = new VdiId(new UUID(1, 0));
    private static final VdiId OLD = new VdiId(new UUID(1, 1));
    private static final VdiId NEW = new VdiId(new UUID(1, 2));
    private static final Instant THEN = Instant.parse("2025-01-01T00:00:00Z");

    private Instant later = THEN.plusSeconds(1);
    private @Nullable Instant then = THEN;

    private Vdi vdi(VdiId id) {
        return new Vdi(
                id,
                "",
                "",
                new SrId(new UUID(9, 9)),
                id + ".vhd",
                XenChangedBlocks.BLOCK_BYTES * 8L,
                0,
                null,
                0,
                false,
                id.equals(DISK) ? null : DISK,
                Map.of("cbt_enabled", "true"),
                false,
                id.equals(OLD) ? then : later,
                Vdi.State.DETACHED,
                List.of(),
                null,
                null);
    }

    private String bitmap(VdiId from, VdiId to) {
        SrInventory inventory = SrInventory.class.cast(Proxy.newProxyInstance(
                SrInventory.class.getClassLoader(),
                new Class<?>[] {SrInventory.class},
                (proxy, method, arguments) -> vdi(VdiId.class.cast(arguments[0]))));
        VdiContents contents = VdiContents.class.cast(Proxy.newProxyInstance(
                VdiContents.class.getClassLoader(),
                new Class<?>[] {VdiContents.class},
                (proxy, method, arguments) -> List.of(new DiskRange(0, 1))));
        return XenChangedBlocks.bitmap(inventory, contents, from, to);
    }

    private void assertUnknown(VdiId from, VdiId to) {
        assertThatThrownBy(() -> bitmap(from, to))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.CHANGES_UNKNOWN));
    }

    @Test
    void theyAreToldFromTheOlderToTheNewer() {
        assertThat(bitmap(OLD, NEW)).isEqualTo("gA==");
        assertThat(bitmap(OLD, DISK)).isEqualTo("gA==");
        assertThat(bitmap(NEW, DISK)).isEqualTo("gA==");
    }

    @Test
    void inReverseTheyAreNotTold() {
        assertUnknown(NEW, OLD);
        assertUnknown(DISK, OLD);
        assertUnknown(DISK, NEW);
        assertUnknown(OLD, OLD);
    }

    @Test
    void whatIsNotCertainToBeNewerIsNone() {
        later = THEN;
        assertUnknown(OLD, NEW);
        assertUnknown(NEW, OLD);

        then = null;
        assertUnknown(OLD, NEW);
        assertUnknown(NEW, OLD);
    }
}
