package io.catena.agent.follow.content;

import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.StreamFormat;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiUpload;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Copies a disk from the host that has its SR into an SR of this host. For the thread of a job. */
public final class ForeignCopy {
    /** What a VHD can hold; larger disks are plain files. */
    private static final long MOST_VHD_BYTES = 2040L << 30;

    private final Function<StreamFormat, RemoteStream> contents;
    private final StreamFormat format;
    private final StorageRepository target;
    private final VdiSpec spec;

    /**
     * @param disk what is copied
     * @param contents opens its content
     * @param name the copy's name; empty for the disk's own
     * @param copy the copy's id, or null for a new one
     */
    public ForeignCopy(
            Vdi disk,
            Function<StreamFormat, RemoteStream> contents,
            StorageRepository target,
            String name,
            @Nullable VdiId copy) {
        boolean raw = disk.virtualSizeBytes() > MOST_VHD_BYTES;
        this.contents = contents;
        this.target = target;
        format = raw ? StreamFormat.RAW : StreamFormat.VHD;
        spec = new VdiSpec(
                disk.virtualSizeBytes(),
                name.isEmpty() ? disk.name() : name,
                disk.description(),
                copy == null ? new VdiId(UUID.randomUUID()) : copy,
                raw,
                disk.keys());
    }

    /** Makes sure that the disk can be copied: what is wrong with it is told at once, not by the job. */
    public void refuseNow() {
        try {
            contents.apply(format).close();
        } catch (IOException e) {
            throw new SrException(SrError.TRY_AGAIN, "The disk cannot be let go: " + e.getMessage(), e);
        }
    }

    /** Copies; returns what came of it, for humans. */
    public String copy(JobControl control) {
        try (RemoteStream stream = contents.apply(format)) {
            control.addTotal(stream.lengthBytes());
            ReadableByteChannel source = new Told(stream.bytes(), control);
            VdiUpload upload = target.contents().upload(format, source, stream.lengthBytes());
            try (VdiImport importing = target.importVdi(spec)) {
                upload.copyTo(importing);
                return "copied to VDI " + importing.commit().vdi();
            }
        } catch (IOException e) {
            throw new SrException(SrError.TRY_AGAIN, "The copy broke off: " + e.getMessage(), e)
                    .correction("Begin it anew when the host that has the SR answers.");
        }
    }

    /** Tells the job what was read, and ends when that shall stop. */
    private static final class Told implements ReadableByteChannel {
        private final ReadableByteChannel bytes;
        private final JobControl control;

        Told(InputStream bytes, JobControl control) {
            this.bytes = Channels.newChannel(bytes);
            this.control = control;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            control.checkCancelled();
            int length = bytes.read(target);
            control.done(Math.max(0, length));
            return length;
        }

        @Override
        public boolean isOpen() {
            return bytes.isOpen();
        }

        @Override
        public void close() throws IOException {
            bytes.close();
        }
    }
}
