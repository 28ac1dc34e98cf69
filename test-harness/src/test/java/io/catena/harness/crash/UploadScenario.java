package io.catena.harness.crash;

import io.catena.api.AccessMode;
import io.catena.api.KeptUpload;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.UploadStream;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.api.VdiUpload;
import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A named stream is uploaded beside a disk that is written: raw, a dynamic VHD, a fixed one, or the changes since a snapshot. After
 * a crash what was noted of it must be there, and the disk that is made of that and the rest must be the right one.
 */
final class UploadScenario implements Scenario {
    private static final VdiId SOURCE = new VdiId(new UUID(6, 0));
    private static final VdiId COPY = new VdiId(new UUID(6, 1));
    private static final String CALLER = "caller";
    private static final long SOURCE_BYTES = 8 << 20;
    private static final int BLOCK_BYTES = 2 << 20;

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    private enum Kind {
        RAW,
        DYNAMIC,
        FIXED,
        CHANGES
    }

    UploadScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new UploadRun(machine);
    }

    private final class UploadRun implements Run {
        private final SimulatedSr sr;
        private final VdiId other;
        private final StreamFormat format;
        private final byte[] content;
        private final byte[] stream;

        /** Null if the stream holds all of the disk. */
        private @Nullable VdiId base;

        /** What comes before this was noted, for all that the sender knows. */
        private long sure;

        private boolean isMade;

        UploadRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, mutant);
            other = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(other);
            sr.work(other);
            List<Kind> kinds = List.of(Kind.values());
            Kind kind = kinds.get((int) (seed % kinds.size()));
            format = kind == Kind.RAW ? StreamFormat.RAW : StreamFormat.VHD;
            VdiId source = kind == Kind.CHANGES ? changedSource() : wholeSource();
            content = exported(source, StreamFormat.RAW, null);
            stream = stream(kind, source);
            sr.repository().destroy(source);
            sr.tickNanos = 3_000_000_000L;
        }

        private VdiId wholeSource() throws IOException {
            sr.repository().create(new VdiSpec(SOURCE_BYTES, "source", "", SOURCE, false));
            fill(SOURCE);
            return SOURCE;
        }

        private VdiId changedSource() throws IOException {
            sr.flush(other);
            base = sr.snapshot(other);
            VdiId source = sr.repository().clone(base, "source").vdi();
            fill(source);
            return source;
        }

        private byte[] stream(Kind kind, VdiId source) throws IOException {
            if (kind != Kind.FIXED) {
                return exported(source, format, base);
            }
            byte[] fixed = Arrays.copyOf(content, content.length + Footer.SIZE);
            Footer.of(DiskType.FIXED, content.length, new UUID(7, 0), 0)
                    .encode()
                    .get(fixed, content.length, Footer.SIZE);
            return fixed;
        }

        private void fill(VdiId source) throws IOException {
            sr.repository().attach(source, AccessMode.READ_WRITE);
            for (long block = 0; block < sr.device(source).sizeBytes(); block += BLOCK_BYTES) {
                byte[] some = new byte[2048];
                sr.random.nextBytes(some);
                long offset = Math.min(
                        block + 512L * sr.random.nextInt(4000),
                        sr.device(source).sizeBytes() - some.length);
                sr.device(source).write(offset, ByteBuffer.wrap(some));
            }
            sr.repository().detach(source);
        }

        private byte[] exported(VdiId vdi, StreamFormat as, @Nullable VdiId since) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (VdiStream all = sr.repository().contents().export(vdi, as, since)) {
                all.writeTo(Channels.newChannel(bytes), 0);
            }
            return bytes.toByteArray();
        }

        @Override
        public void act() throws IOException {
            sendAll();
            isMade = true;
            sr.write(other);
        }

        private void sendAll() throws IOException {
            VdiUpload upload = sr.repository().contents().upload(format, from(0), stream.length);
            VdiImport target = sr.repository().importVdi(spec(upload), upload.origin());
            target.keep(new UploadStream("stream", CALLER, format, stream.length), upload);
            fill(upload, target);
        }

        private void goOn(KeptUpload kept) throws IOException {
            try {
                VdiUpload upload = sr.repository().contents().rest(kept, from((int) kept.offsetBytes()));
                fill(upload, sr.repository().contents().goOn(kept, spec(upload), upload.origin()));
            } catch (SrException e) {
                throw new AssertionError("what was kept cannot be gone on with: " + e.getMessage(), e);
            }
        }

        private void fill(VdiUpload upload, VdiImport target) throws IOException {
            try (target) {
                upload.copyTo(new Noting(target));
                target.commit();
            }
        }

        private ReadableByteChannel from(int offset) {
            return Channels.newChannel(new ByteArrayInputStream(stream, offset, stream.length - offset));
        }

        private VdiSpec spec(VdiUpload upload) {
            return new VdiSpec(upload.sizeBytes(), "copy", "", COPY, false);
        }

        @Override
        public void recover(boolean powerWasCut) {
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            sr.checkContents(fault);
            sr.checkSound();
            List<Vdi> strays = sr.strays();
            if (strays.isEmpty()) {
                SimulatedSr.require(!isMade, "the disk is gone");
                sendTheRest();
            }
            SimulatedSr.require(
                    Arrays.equals(exported(COPY, StreamFormat.RAW, null), content), "the disk has other bytes");
            sr.repository().destroy(COPY);
            sr.checkShape();
            sr.checkWorkGoesOn(!happened);
        }

        private void sendTheRest() throws IOException {
            Optional<KeptUpload> kept = sr.repository().contents().kept(COPY, CALLER);
            long offset = kept.map(KeptUpload::offsetBytes).orElse(0L);
            SimulatedSr.require(offset >= sure, sure + " bytes were noted, and " + offset + " are kept");
            if (kept.isPresent()) {
                goOn(kept.get());
            } else {
                sendAll();
            }
        }

        /** Takes note of what is noted. */
        private final class Noting implements VdiImport {
            private final VdiImport target;

            Noting(VdiImport target) {
                this.target = target;
            }

            @Override
            public void write(long offset, ByteBuffer source) {
                target.write(offset, source);
            }

            @Override
            public void zero(long offset, long lengthBytes) {
                target.zero(offset, lengthBytes);
            }

            @Override
            public void reached(long offset) {
                target.reached(offset);
                sure = offset;
            }

            @Override
            public Vdi commit() {
                return target.commit();
            }

            @Override
            public void close() {
                target.close();
            }
        }
    }
}
