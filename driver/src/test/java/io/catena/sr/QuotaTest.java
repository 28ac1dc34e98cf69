package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrLimits;
import io.catena.api.SrLimits.Quota;
import io.catena.api.SrQuotas.Usage;
import io.catena.api.VdiChange;
import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** All that makes disks or lets them grow asks the same limits, and refuses without a trace. */
final class QuotaTest extends RepositoryFixture {
    private static final long DISK_BYTES = 4 << 20;

    private void limit(
            @Nullable Integer percent, @Nullable Long minFree, @Nullable Integer snapshots, Map<String, Quota> owners) {
        sr.set(new SrChange(null, null, null, null, new SrLimits.Change(percent, minFree, snapshots, owners)));
    }

    private VdiId create(String owner, long sizeBytes) {
        return sr.create(spec(owner, sizeBytes)).vdi();
    }

    /** What is refused is refused in the same words if it is only asked for. */
    private void refusedAsAsked(SrError error, String text, VdiDemand demand, Runnable work) {
        refused(error, text, () -> sr.admit(demand));
        refused(error, text, work);
    }

    private static VdiSpec spec(String owner, long sizeBytes) {
        return new VdiSpec(sizeBytes, "disk", "", null, false, owner.isEmpty() ? Map.of() : Map.of("owner", owner));
    }

    private void refused(SrError error, String text, Runnable work) {
        int before = sr.vdis().size();
        try {
            work.run();
        } catch (SrException e) {
            assertThat(e.error()).as(e.detail()).isEqualTo(error);
            assertThat(e.detail()).contains(text);
            assertThat(e.advice()).isNotNull();
            assertThat(sr.vdis()).hasSize(before);
            assertThat(directory.resolve(".catena/tmp").toFile().list()).isNullOrEmpty();
            return;
        }
        throw new AssertionError("was not refused");
    }

    @Test
    void anOwnersDisksSizesAndSnapshotsAreCountedWhereverTheyComeFrom() {
        limit(null, null, null, Map.of("ann", new Quota(3 * DISK_BYTES, 2, 1)));
        VdiId first = create("ann", DISK_BYTES);
        VdiId nobodys = create("", 100 * DISK_BYTES);
        sr.admit(VdiDemand.snapshot(List.of(first)));
        sr.snapshot(List.of(first), "one");
        refusedAsAsked(
                SrError.QUOTA_EXCEEDED,
                "2 snapshots",
                VdiDemand.snapshot(List.of(first)),
                () -> sr.snapshot(List.of(first), "two"));
        refused(
                SrError.QUOTA_EXCEEDED,
                "2 snapshots",
                () -> sr.snapshot(List.of(new SnapshotSpec(first, new VdiId(new UUID(3, 3)), "two", Map.of()))));
        refusedAsAsked(
                SrError.QUOTA_EXCEEDED,
                "bytes of disks",
                VdiDemand.create(spec("ann", 3 * DISK_BYTES)),
                () -> create("ann", 3 * DISK_BYTES));
        refusedAsAsked(
                SrError.QUOTA_EXCEEDED,
                "bytes of disks",
                VdiDemand.resize(first, 4 * DISK_BYTES),
                () -> sr.resize(first, 4 * DISK_BYTES));
        refusedAsAsked(
                SrError.QUOTA_EXCEEDED,
                "bytes of disks",
                VdiDemand.clone(first, 3 * DISK_BYTES),
                () -> sr.clone(first, "", 3 * DISK_BYTES));

        sr.admit(VdiDemand.clone(first, 2 * DISK_BYTES));
        sr.admit(VdiDemand.resize(first, 2 * DISK_BYTES));
        assertThat(sr.vdi(first).virtualSizeBytes()).isEqualTo(DISK_BYTES);
        VdiId clone = sr.clone(first, "").vdi();
        assertThat(sr.vdi(clone).keys()).containsEntry("owner", "ann");
        refused(SrError.QUOTA_EXCEEDED, "3 disks", () -> sr.clone(first, ""));
        refused(SrError.QUOTA_EXCEEDED, "3 disks", () -> create("ann", DISK_BYTES));
        refused(SrError.QUOTA_EXCEEDED, "3 disks", () -> sr.importVdi(spec("ann", DISK_BYTES)));
        refused(SrError.QUOTA_EXCEEDED, "", () -> sr.admit(DISK_BYTES, "ann"));
        refused(
                SrError.QUOTA_EXCEEDED,
                "",
                () -> sr.set(nobodys, new VdiChange(null, null, Map.of("owner", "ann"), Set.of())));
        assertThat(sr.quotas().owners()).containsEntry("ann", new Usage(2 * DISK_BYTES, 2, 1));

        sr.destroy(clone);
        create("ann", DISK_BYTES);
        create("bob", DISK_BYTES);
        assertThatCode(() -> sr.admit(DISK_BYTES, "bob")).doesNotThrowAnyException();
    }

    @Test
    void otherReasonsAreToldToWhoOnlyAsksToo() throws IOException {
        VdiId disk = create("", DISK_BYTES);
        refusedAsAsked(SrError.VDI_SIZE, "shrink", VdiDemand.resize(disk, 512), () -> sr.resize(disk, 512));
        refusedAsAsked(SrError.VDI_SIZE, "cannot have", VdiDemand.clone(disk, 512), () -> sr.clone(disk, "", 512));
        VdiSpec taken = new VdiSpec(2 * DISK_BYTES, "disk", "", disk, false);
        refusedAsAsked(SrError.VDI_EXISTS, "", VdiDemand.create(taken), () -> sr.create(taken));
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        refusedAsAsked(
                SrError.VDI_TYPE,
                "is a snapshot",
                VdiDemand.resize(snapshot, 2 * DISK_BYTES),
                () -> sr.resize(snapshot, 2 * DISK_BYTES));

        sr.set(new SrChange(null, null, 2, null, new SrLimits.Change(null, null, null, Map.of())));
        VdiId written = create("", DISK_BYTES);
        sr.snapshot(List.of(written), "");
        byte[] page = new byte[4096];
        page[0] = 1;
        sr.attachAndActivate(written, Hold.HOST, AccessMode.READ_WRITE);
        exported(written).write(0, ByteBuffer.wrap(page));
        for (int times = 0; times < 2; times++) {
            refusedAsAsked(
                    SrError.SNAPSHOT_CHAIN_TOO_LONG,
                    "allows 2",
                    VdiDemand.snapshot(List.of(disk, written)),
                    () -> sr.snapshot(List.of(disk, written), ""));
            sr.detach(written, Hold.HOST);
        }
        // Nothing was written to it since, so its chain stays as long as it is.
        sr.admit(VdiDemand.snapshot(List.of(disk)));
        sr.snapshot(List.of(disk), "");
    }

    @Test
    void whatIsBeingImportedIsPromisedAlready() {
        limit(null, null, null, Map.of("ann", new Quota(0, 1, 0)));
        try (VdiImport importing = sr.importVdi(spec("ann", DISK_BYTES))) {
            importing.zero(0, 512);
            refusedWhileImporting();
        }
        try (VdiImport importing = sr.importVdi(spec("ann", DISK_BYTES))) {
            importing.commit();
        }
        refused(SrError.QUOTA_EXCEEDED, "2 disks", () -> create("ann", DISK_BYTES));
        assertThat(sr.quotas().owners()).containsEntry("ann", new Usage(DISK_BYTES, 1, 0));
    }

    private void refusedWhileImporting() {
        try {
            create("ann", DISK_BYTES);
        } catch (SrException e) {
            assertThat(e.error()).isEqualTo(SrError.QUOTA_EXCEEDED);
            return;
        }
        throw new AssertionError("was not refused");
    }

    @Test
    void allDisksTogetherMayHaveAMultipleOfTheFileSystemsSize() {
        VdiId there = create("", DISK_BYTES);
        long capacity = sr.stat().capacityBytes();
        limit(200, null, null, Map.of());
        long large = Math.min(capacity, 1L << 40);
        refused(SrError.OVERSUBSCRIBED, "allowed are 200 %", () -> sr.create(raw(2 * capacity)));
        refused(SrError.OVERSUBSCRIBED, "", () -> sr.importVdi(raw(2 * capacity)));
        if (large == capacity) {
            create("", large);
            refused(SrError.OVERSUBSCRIBED, "", () -> sr.resize(there, large + DISK_BYTES));
        }
        sr.snapshot(List.of(there), "costs nothing until something is written");
        limit(0, null, null, Map.of());
        sr.create(raw(2 * capacity / 512 * 512));
    }

    private static VdiSpec raw(long sizeBytes) {
        return new VdiSpec(sizeBytes / 512 * 512, "raw", "", null, true);
    }

    @Test
    void nothingIsMadeBelowTheLeastFreeSpaceAndADiskHasOnlySoManySnapshots() {
        VdiId disk = create("", DISK_BYTES);
        limit(null, Long.MAX_VALUE / 2, 2, Map.of());
        refused(SrError.SR_NO_SPACE, "are free", () -> create("", DISK_BYTES));
        refused(SrError.SR_NO_SPACE, "are free", () -> sr.snapshot(List.of(disk), ""));
        limit(null, 0L, null, Map.of());
        sr.snapshot(List.of(disk), "");
        sr.snapshot(List.of(disk), "");
        refused(SrError.QUOTA_EXCEEDED, "3 snapshots", () -> sr.snapshot(List.of(disk), ""));
        sr.snapshot(List.of(create("", DISK_BYTES)), "");
    }

    @Test
    void limitsAreKeptAndEndWithZero() throws IOException {
        limit(150, 1L, 9, Map.of("ann", new Quota(1, 2, 3)));
        assertThat(sr.quotas().limits()).isEqualTo(new SrLimits(150, 1, 9, Map.of("ann", new Quota(1, 2, 3))));
        sr.close();
        sr = attachSr();
        assertThat(sr.quotas().limits()).isEqualTo(new SrLimits(150, 1, 9, Map.of("ann", new Quota(1, 2, 3))));
        limit(0, 0L, 0, Map.of("ann", Quota.NONE));
        assertThat(sr.quotas().limits()).isEqualTo(SrLimits.NONE);
        refused(SrError.BAD_REQUEST, "negative", () -> limit(-1, null, null, Map.of()));
    }
}
