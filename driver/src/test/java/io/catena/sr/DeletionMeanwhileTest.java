package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.DeletionGain;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A snapshot is deleted after somebody found it in the tree, and before he looks at its file. */
final class DeletionMeanwhileTest extends RepositoryFixture {
    private volatile @Nullable VdiId victim;
    private VdiId disk;
    private VdiId snapshot;

    @Override
    VhdRepository attachSr() {
        return attachSr(new ForwardingStorage(new FileStorage(directory)) {
            @Override
            public FileInfo info(String name) throws IOException {
                VdiId now = victim;
                if (now != null && name.equals(now + ".vhd")) {
                    victim = null;
                    sr.destroy(now);
                }
                return super.info(name);
            }
        });
    }

    @BeforeEach
    void makeASnapshot() throws IOException {
        disk = create("disk");
        BlockDevice device = attach(disk);
        write(device, 0, 1);
        snapshot = sr.snapshot(List.of(disk), "snapshot").get(0).vdi();
        write(device, 0, 2);
        sr.detach(disk);
    }

    @Test
    void itIsMissing() {
        victim = snapshot;

        assertThatThrownBy(() -> gain(snapshot))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.VDI_MISSING));
        assertThat(victim).isNull();
    }

    @Test
    void whatItsDiskTakesIsToldAllTheSame() {
        victim = snapshot;

        assertThat(gain(disk).atOnceBytes()).isPositive();
        assertThat(victim).isNull();
    }

    /** The deletion may take longer than the patience of who asks. */
    private DeletionGain gain(VdiId vdi) {
        while (true) {
            try {
                return sr.garbage().gain(vdi);
            } catch (SrException e) {
                if (e.error() != SrError.TRY_AGAIN) {
                    throw e;
                }
            }
        }
    }
}
