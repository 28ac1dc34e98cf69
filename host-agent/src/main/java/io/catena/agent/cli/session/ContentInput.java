package io.catena.agent.cli.session;

import com.google.gson.JsonElement;
import io.catena.agent.RunDirectory;
import io.catena.agent.cli.text.Size;
import io.catena.agent.control.client.ContentUpload;
import io.catena.agent.control.client.LostConnectionException;
import io.catena.agent.control.client.RepeatedUpload;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Where the content of a new disk comes from: a file, or stdin. */
public final class ContentInput {
    private static final int UNKNOWN = -1;

    private final Session session;
    private final TransferProgress progress;

    /**
     * @param rate how many bytes are moved in a second; null for no limit
     */
    public ContentInput(Session session, @Nullable Size rate) {
        this.session = session;
        progress = new TransferProgress(session, rate);
    }

    /** Sends a file, or stdin if there is none, of which a disk is made; returns what the agent answers. */
    public JsonElement send(RepeatedUpload.Disk disk, @Nullable Path file) {
        try {
            if (file != null) {
                return sendFile(disk, file);
            }
            try (FileInputStream in = new FileInputStream(FileDescriptor.in)) {
                return sendOnce(disk, in.getChannel());
            }
        } catch (LostConnectionException e) {
            throw brokeOff(e).correction("If the agent is away, start it (catena agent); then begin again.");
        } catch (IOException e) {
            throw brokeOff(e);
        } finally {
            progress.end();
        }
    }

    private static SrException brokeOff(IOException cause) {
        return new SrException(SrError.IO_ERROR, "The content broke off: " + cause.getMessage(), cause);
    }

    private JsonElement sendFile(RepeatedUpload.Disk disk, Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new SrException(SrError.BAD_REQUEST, "There is no file " + file);
        }
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            return Files.isRegularFile(file)
                    ? new RepeatedUpload(socket(), disk, progress, LockSupport::parkNanos).send(in)
                    : sendOnce(disk, in);
        }
    }

    /** What came through a pipe cannot be read again, and so not be sent again. */
    private JsonElement sendOnce(RepeatedUpload.Disk disk, ReadableByteChannel source) throws IOException {
        try {
            return new ContentUpload(socket())
                    .send(disk.content(), new ContentUpload.Part(source, 0, UNKNOWN), progress);
        } catch (LostConnectionException e) {
            throw brokeOff(e)
                    .correction("What comes through a pipe cannot be sent again. Begin again when the agent is there"
                            + " (catena agent), or import a file: with --input it goes on where it was.");
        }
    }

    private Path socket() {
        return RunDirectory.controlSocket(session.runDirectory());
    }
}
