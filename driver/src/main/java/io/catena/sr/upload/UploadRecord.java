package io.catena.sr.upload;

import io.catena.api.KeptUpload;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.UploadStream;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.format.SparseLayout;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How far an upload has come, as it stands in a file beside the one that is filled. Whoever wrote that file is not believed
 * before {@link KeptUploads} has compared it with what is there.
 *
 * @param stream what the sender calls it
 * @param offsetBytes what comes before this in the stream is in the file for good
 * @param identity of the file that is filled, see {@link io.catena.store.Storage.FileInfo}
 * @param uniqueId in that file's footer
 * @param headBytes length of what is kept of the stream's head; 0 for one that begins with the guest's data
 * @param headCrc its CRC-32C
 */
public record UploadRecord(
        @Nullable String vdi,
        @Nullable String stream,
        @Nullable String caller,
        @Nullable String format,
        long lengthBytes,
        long offsetBytes,
        @Nullable String identity,
        @Nullable String uniqueId,
        long headBytes,
        long headCrc,
        long writtenEpochSeconds) {
    private static final int MOST_NAME_CHARS = 1000;

    UploadRecord at(long offset, Instant now) {
        return new UploadRecord(
                vdi,
                stream,
                caller,
                format,
                lengthBytes,
                offset,
                identity,
                uniqueId,
                headBytes,
                headCrc,
                now.getEpochSecond());
    }

    /** Returns what it says; null if it cannot have been written by an agent. */
    @Nullable
    KeptUpload upload() {
        StreamFormat kind = kind();
        if (vdi == null || stream == null || caller == null || kind == null || !isSound(kind)) {
            return null;
        }
        return new KeptUpload(VdiId.parse(vdi), new UploadStream(stream, caller, kind, lengthBytes), offsetBytes);
    }

    private boolean isSound(StreamFormat kind) {
        boolean isNamed = isUuid(vdi) && isUuid(uniqueId) && isName(stream) && isName(caller) && identity != null;
        boolean isInside = offsetBytes >= 0 && offsetBytes <= lengthBytes;
        boolean isFlat = headBytes == 0;
        boolean isBetweenSectors = isFlat && offsetBytes % SparseLayout.SECTOR != 0;
        boolean hasHead = headBytes >= 0 && headBytes <= StreamHead.MOST_BYTES;
        return isNamed && isInside && !isBetweenSectors && hasHead && kind != StreamFormat.QCOW2;
    }

    UUID id() {
        return UUID.fromString(String.valueOf(uniqueId));
    }

    private @Nullable StreamFormat kind() {
        try {
            return format == null ? null : StreamFormat.of(format);
        } catch (SrException e) {
            return null;
        }
    }

    private static boolean isUuid(@Nullable String text) {
        return text != null && Uuids.isUuid(text);
    }

    private static boolean isName(@Nullable String text) {
        return text != null && !text.isEmpty() && text.length() <= MOST_NAME_CHARS;
    }
}
