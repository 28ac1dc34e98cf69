package io.catena.agent.api.cloud;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.DeletionGain;
import io.catena.api.GarbageControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a disk takes is told also while its snapshots come and go. */
class DiskSpaceTest {
    private static final VdiId DISK = new VdiId(new UUID(1, 1));
    private static final VdiId KEPT = new VdiId(new UUID(1, 2));
    private static final VdiId DELETED = new VdiId(new UUID(1, 3));

    @Test
    void aSnapshotThatWasDeletedSinceItWasListedIsLeftOut() {
        Vdi disk = vdi(DISK, null);
        List<Vdi> listed = List.of(disk, vdi(KEPT, DISK), vdi(DELETED, DISK));
        GarbageControl garbage = answering(GarbageControl.class, (proxy, method, arguments) -> gain(arguments[0]));
        StorageRepository repository =
                answering(StorageRepository.class, (proxy, method, arguments) -> switch (method.getName()) {
                    case "vdis" -> listed;
                    case "garbage" -> garbage;
                    default -> throw new UnsupportedOperationException(method.getName());
                });

        DiskSpace space =
                DiskSpace.of(repository, repository.garbage(), disk, List.of(new Growth.Point(Instant.EPOCH, 5)));

        assertThat(space.snapshots()).extracting(DiskSpace.Snapshot::vdi).containsExactly(KEPT);
    }

    private static DeletionGain gain(Object vdi) {
        if (vdi.equals(DELETED)) {
            throw new SrException(SrError.VDI_MISSING, "There is no VDI " + vdi);
        }
        return new DeletionGain((VdiId) vdi, 1, 2);
    }

    private static <T> T answering(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Vdi vdi(VdiId id, @Nullable VdiId snapshotOf) {
        return new Vdi(
                id,
                "name",
                "",
                new SrId(new UUID(2, 2)),
                id + ".vhd",
                4096,
                4096,
                null,
                1,
                snapshotOf != null,
                snapshotOf,
                Map.of(),
                false,
                null,
                Vdi.State.DETACHED,
                List.of(),
                null,
                null);
    }
}
