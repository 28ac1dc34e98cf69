package io.catena.agent.cli.session;

import com.google.gson.JsonElement;
import io.catena.agent.RunDirectory;
import io.catena.agent.cli.text.Size;
import io.catena.agent.control.client.ContentUpload;
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

    /** Sends a file, or stdin if there is none, to {@code request}; returns what the agent answers. */
    public JsonElement send(String request, @Nullable Path file) {
        try {
            if (file != null) {
                return sendFile(request, file);
            }
            try (FileInputStream in = new FileInputStream(FileDescriptor.in)) {
                return send(request, in.getChannel(), UNKNOWN);
            }
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The content broke off: " + e.getMessage(), e)
                    .correction("If the agent is away, start it: catena agent");
        }
    }

    private JsonElement sendFile(String request, Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new SrException(SrError.BAD_REQUEST, "There is no file " + file);
        }
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            return send(request, in, Files.isRegularFile(file) ? in.size() : UNKNOWN);
        }
    }

    private JsonElement send(String request, ReadableByteChannel source, long lengthBytes) throws IOException {
        return new ContentUpload(RunDirectory.controlSocket(session.runDirectory()))
                .send(request, source, lengthBytes, progress);
    }
}
