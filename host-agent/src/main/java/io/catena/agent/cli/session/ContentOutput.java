package io.catena.agent.cli.session;

import com.google.gson.JsonObject;
import io.catena.agent.RunDirectory;
import io.catena.agent.cli.text.Size;
import io.catena.agent.control.client.ContentDownload;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Where the content of a disk goes: a new file, which a failure leaves nothing of, or stdout. */
public final class ContentOutput {
    private final Session session;
    private final TransferProgress progress;

    /**
     * @param rate how many bytes are moved in a second; null for no limit
     */
    public ContentOutput(Session session, @Nullable Size rate) {
        this.session = session;
        progress = new TransferProgress(session, rate);
    }

    /** Writes what the agent answers to {@code request}; to stdout if there is no file. */
    public void write(String request, @Nullable Path file) {
        try {
            if (file == null) {
                writeToStdout(request);
            } else {
                writeToFile(request, file);
            }
        } catch (FileAlreadyExistsException e) {
            throw new SrException(SrError.BAD_REQUEST, file + " exists already", e)
                    .correction("Remove it, or give the name of a new file.");
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The content broke off: " + e.getMessage(), e)
                    .correction("If the agent is away, start it: catena agent");
        } finally {
            progress.end();
        }
    }

    private void writeToStdout(String request) throws IOException {
        if (session.json()) {
            throw new SrException(SrError.BAD_REQUEST, "With --json, stdout has no room for the content")
                    .correction("Give a file: --output FILE");
        }
        try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
            fetch(request, out.getChannel());
        }
    }

    private void writeToFile(String request, Path file) throws IOException {
        FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (out) {
            fetch(request, out);
            out.force(true);
            JsonObject written = new JsonObject();
            written.addProperty("file", file.toString());
            written.addProperty("bytes", out.size());
            session.print(written, () -> "");
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private void fetch(String request, WritableByteChannel target) throws IOException {
        new ContentDownload(RunDirectory.controlSocket(session.runDirectory())).fetch(request, target, progress);
    }
}
