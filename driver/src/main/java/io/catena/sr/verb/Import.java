package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.UploadStream;
import io.catena.api.Vdi;
import io.catena.api.VdiImport;
import io.catena.api.VdiUpload;
import io.catena.log.LogLine;
import io.catena.sr.open.FreeRoom;
import io.catena.sr.record.Errors;
import io.catena.sr.upload.UploadKeeper;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A disk that is being filled, under a temporary name.
 *
 * <p><b>Threads.</b> {@link #abort} may be called by any thread; after it returned nothing more is written.
 */
final class Import implements VdiImport {
    private static final Logger LOG = System.getLogger(Import.class.getName());

    private final String file;
    private final FreeRoom room;
    private final Finish finish;
    private final @Nullable UploadKeeper keeper;

    /** Null after the end. */
    private @Nullable Layer layer;

    private boolean aborted;

    /**
     * @param file the temporary name
     * @param layer the file, open for writing
     * @param keeper null if nobody can go on with it later
     */
    Import(String file, Layer layer, FreeRoom room, Finish finish, @Nullable UploadKeeper keeper) {
        this.file = file;
        this.layer = layer;
        this.room = room;
        this.finish = finish;
        this.keeper = keeper;
    }

    /** How an import ends; of these one is called, once. */
    interface Finish {
        /** Makes the file, which is closed and durable, a disk. */
        Vdi commit() throws IOException;

        /** Deletes the file. */
        void discard() throws IOException;

        /** Leaves the file, so that somebody can go on with it later. */
        void leave() throws IOException;
    }

    String file() {
        return file;
    }

    @Override
    public synchronized void write(long offset, ByteBuffer source) {
        Errors.translate("fill " + file, () -> {
            room.take(source.remaining());
            open().write(offset, source);
            return file;
        });
    }

    @Override
    public synchronized void zero(long offset, long lengthBytes) {
        Errors.translate("fill " + file, () -> {
            open().zero(offset, lengthBytes);
            return file;
        });
    }

    @Override
    public synchronized void keep(UploadStream stream, VdiUpload upload) {
        if (keeper != null) {
            Errors.translate("note the upload of " + file, () -> {
                keeper.begin(stream, upload);
                return file;
            });
        }
    }

    @Override
    public synchronized void reached(long offset) {
        if (keeper != null) {
            Errors.translate("note how far " + file + " is", () -> {
                keeper.reached(offset, open()::flush);
                return file;
            });
        }
    }

    /** Closes under the lock of this, but commits outside of it: who aborts may hold the SR's lock. */
    @Override
    public Vdi commit() {
        return Errors.translate("finish " + file, () -> {
            synchronized (this) {
                Layer done = open();
                done.close();
                layer = null;
            }
            return finish.commit();
        });
    }

    /** Ends the import if it was not committed; does nothing else. */
    @Override
    public void close() {
        Errors.translate("give up " + file, () -> {
            if (end()) {
                finish.discard();
            }
            return file;
        });
    }

    /** Ends the import since the SR is let go of; what somebody can go on with stays. */
    void abort() {
        Errors.translate("let go of " + file, () -> {
            if (end()) {
                leave();
            }
            return file;
        });
    }

    private void leave() throws IOException {
        if (keeper != null && keeper.isNoted()) {
            finish.leave();
        } else {
            finish.discard();
        }
    }

    /** Returns whether it had not ended; nobody cares for what cannot be written of it then. */
    private synchronized boolean end() {
        Layer open = layer;
        if (open == null) {
            return false;
        }
        layer = null;
        aborted = true;
        try {
            open.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, LogLine.of("import-given-up", "file", file, "cause", e));
        }
        return true;
    }

    private Layer open() {
        if (layer == null) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            aborted ? "The SR was detached while " + file + " was filled" : file + " is finished")
                    .correction("Attach the SR and begin again.");
        }
        return layer;
    }
}
