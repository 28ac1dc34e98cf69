package io.catena.agent.follow.content;

import io.catena.api.DiskRange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiStream;
import io.catena.api.VdiUpload;
import io.catena.stream.Uploads;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The contents of an SR that another host has. Safe for use by many threads. */
public final class RemoteContents implements VdiContents {
    private final Host host;

    /** What is asked of the host that has the SR. */
    public interface Host {
        List<DiskRange> changes(VdiId vdi, @Nullable VdiId base);

        /** Asks for a disk's content from somewhere on. */
        RemoteStream.Part open(VdiId vdi, StreamFormat format, @Nullable VdiId base, long from);
    }

    public RemoteContents(Host host) {
        this.host = host;
    }

    @Override
    public List<DiskRange> changes(VdiId vdi, @Nullable VdiId base) {
        return host.changes(vdi, base);
    }

    @Override
    public VdiStream export(VdiId vdi, StreamFormat format, @Nullable VdiId base) {
        return new RemoteStream(from -> host.open(vdi, format, base, from));
    }

    /** Read here, and sent on in pieces. */
    @Override
    public VdiUpload upload(StreamFormat format, ReadableByteChannel source, long lengthBytes) {
        try {
            return Uploads.begin(format, source, lengthBytes, LocalSpool::make);
        } catch (IOException e) {
            throw new SrException(SrError.BAD_REQUEST, "The stream broke off: " + e.getMessage(), e)
                    .correction("Send all of it again.");
        }
    }
}
