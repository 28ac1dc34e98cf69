package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrError;
import io.catena.api.StreamFormat;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiUpload;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What comes in from elsewhere leaves room for the guests of the disks that are there. */
final class ImportRoomTest extends RepositoryFixture {
    private static final int MIB = 1 << 20;
    private static final long PLENTY = 1L << 40;
    private static final long LITTLE = 63L * MIB;
    private static final int DISK_BYTES = 64 * MIB;

    private long freeBytes = PLENTY;

    @BeforeEach
    void attachToWhatFillsUp() throws IOException {
        sr.close();
        sr = attachSr(new ForwardingStorage(new FileStorage(directory)) {
            @Override
            public Space space() {
                return new Space(2 * PLENTY, freeBytes);
            }
        });
    }

    private static VdiSpec spec() {
        return new VdiSpec(DISK_BYTES, "disk", "", null, false);
    }

    private static void fill(VdiImport target) {
        ByteBuffer ones = ByteBuffer.allocateDirect(MIB);
        while (ones.hasRemaining()) {
            ones.put((byte) 1);
        }
        for (long offset = 0; offset < DISK_BYTES; offset += MIB) {
            target.write(offset, ones.duplicate().flip());
        }
    }

    private void assertNothingIsLeft() throws IOException {
        assertThat(sr.vdis()).isEmpty();
        assertThat(nodeFiles()).isZero();
        assertThat(new FileStorage(directory).list(".catena/tmp")).isEmpty();
    }

    @Test
    void aDiskThatWouldFillTheFileSystemIsRefused() throws IOException {
        try (VdiImport target = sr.importVdi(spec())) {
            freeBytes = LITTLE;
            assertError(() -> fill(target), SrError.SR_NO_SPACE);
        }
        assertNothingIsLeft();
    }

    @Test
    void oneThatLeavesEnoughIsTaken() {
        try (VdiImport target = sr.importVdi(spec())) {
            freeBytes = LITTLE + MIB;
            fill(target);
            target.commit();
        }
        assertThat(sr.vdis()).hasSize(1);
    }

    /** Nobody knows how long it is, and all of it is kept before any of it is read. */
    @Test
    void anImageWithoutAnEndIsRefused() throws IOException {
        ByteBuffer header = ByteBuffer.allocate(1024);
        header.putInt(0, 0x514649fb)
                .putInt(4, 2)
                .putInt(20, 16)
                .putLong(24, DISK_BYTES)
                .putInt(36, 1);
        header.putLong(40, 3 << 16).putLong(48, 1 << 16).putInt(56, 1);
        InputStream endless = new ByteArrayInputStream(new byte[DISK_BYTES]);
        InputStream image = new SequenceInputStream(new ByteArrayInputStream(header.array()), endless);
        VdiUpload upload = sr.contents().upload(StreamFormat.QCOW2, Channels.newChannel(image), -1);
        try (VdiImport target = sr.importVdi(spec())) {
            freeBytes = LITTLE;
            assertError(() -> copy(upload, target), SrError.SR_NO_SPACE);
        }
        assertNothingIsLeft();
    }

    private static void copy(VdiUpload upload, VdiImport target) {
        try {
            upload.copyTo(target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
