package io.catena.op.rewrite;

import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.op.Bytes;
import io.catena.op.Rewrite;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.PendingRewrite;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;

/**
 * The headers of a sparse disk that becomes larger while it is in use. What of them changes with the requests, the entries of the
 * BAT that there are and the footer at the end, is left to who has the file open.
 */
public final class HeaderGrowth implements SparseLayer.HeaderChange {
    private final Storage storage;
    private final String name;
    private final VhdHeaders headers;
    private final Footer footer;
    private final JournaledFile journaled;

    /**
     * @param sizeBytes that the disk is to have, whole blocks
     */
    public HeaderGrowth(Storage storage, ChainFile file, long sizeBytes) {
        this.storage = storage;
        this.name = file.name();
        this.headers = Objects.requireNonNull(file.headers());
        this.footer = headers.footer().withSize(sizeBytes);
        this.journaled = new JournaledFile(storage, name);
    }

    /** Returns where the larger headers will end. */
    public long end() throws IOException {
        try (BlockFile file = storage.open(name)) {
            return plan(file).end();
        }
    }

    private NewTables plan(BlockFile file) throws IOException {
        DynamicHeader header = Objects.requireNonNull(headers.header());
        return NewTables.plan(file, headers, footer.currentSize(), KeptLocators.read(file, header));
    }

    /**
     * Writes the headers; durable when this returns.
     *
     * <ol>
     *   <li>Record them beside the file. A cut from here on finds the larger disk after recovery.
     *   <li>Write the entries that are new, the batmap, locators, header, and the copy of the footer at the start; sync.
     *   <li>Forget the record.
     * </ol>
     *
     * <p>If one of them fails, what is recorded is done once more.
     */
    @Override
    public VhdHeaders make() throws IOException {
        Rewrite rewrite = rewrite();
        try {
            journaled.rewrite(rewrite);
        } catch (IOException e) {
            completeAfter(e);
        }
        return written();
    }

    private Rewrite rewrite() throws IOException {
        try (BlockFile file = storage.open(name)) {
            List<Bytes> patches = plan(file).additions();
            patches.add(Bytes.of(0, footer.encode()));
            return new Rewrite(name, patches, Rewrite.SIZE_STAYS);
        }
    }

    private void completeAfter(IOException reason) throws IOException {
        try {
            if (journaled.complete()) {
                return;
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
        throw reason;
    }

    private VhdHeaders written() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(DynamicHeader.SIZE);
        try (BlockFile file = storage.open(name)) {
            file.readFully(footer.dataOffset(), bytes);
        }
        return new VhdHeaders(footer, DynamicHeader.decode(bytes.flip(), name, footer.dataOffset()), -1, true);
    }

    @Override
    public boolean isUnderWay() {
        try {
            return storage.exists(PendingRewrite.journalOf(name));
        } catch (IOException e) {
            return true;
        }
    }
}
