package io.catena.op.rewrite;

import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.op.Bytes;
import io.catena.op.Rewrite;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Prepares the rewriting of a sparse disk's headers: makes room for them, and says what is to be written. The disk is valid
 * and its content the same at every moment; both its footers must be valid before.
 */
public final class SparseRewrite {
    private final Storage storage;
    private final String name;
    private final VhdHeaders headers;

    public SparseRewrite(Storage storage, String name, VhdHeaders headers) {
        this.storage = storage;
        this.name = name;
        this.headers = headers;
    }

    /** Prepares another size; the parent stays. */
    public Rewrite withSize(long sizeBytes) throws IOException {
        return prepare(sizeBytes, null);
    }

    /** Prepares another parent, whose locators need more room than there is; the size stays. */
    public Rewrite withParent(ParentLink parent) throws IOException {
        return prepare(headers.footer().currentSize(), parent);
    }

    private Rewrite prepare(long sizeBytes, @Nullable ParentLink parent) throws IOException {
        DynamicHeader header = Objects.requireNonNull(headers.header());
        try (BlockFile file = storage.open(name)) {
            Locators locators = parent == null ? KeptLocators.read(file, header) : newLocators(parent);
            NewTables tables = NewTables.plan(file, headers, sizeBytes, locators);
            clearBehindTheEnd(file, tables.table());
            long headersEnd = Math.max(tables.oldEnd(), tables.end());
            new BlockMover(file, tables.table(), headersEnd).clear(header.tableOffset(), tables.end());
            List<Bytes> patches = tables.patches();
            boolean resized = sizeBytes != headers.footer().currentSize();
            Footer footer = resized ? headers.footer().withSize(sizeBytes) : headers.footer();
            long dataEnd = Math.max(tables.end(), tables.table().dataEnd());
            patches.add(Bytes.of(0, footer.encode()));
            patches.add(Bytes.of(dataEnd, footer.encode()));
            return new Rewrite(name, patches, dataEnd + Footer.SIZE);
        }
    }

    private static Locators newLocators(ParentLink parent) {
        return (header, headerOffset, offset) -> {
            List<ParentLink.Patch> patches = parent.layOut(header, headerOffset, offset);
            long end = patches.stream()
                    .filter(patch -> patch.offset() >= offset)
                    .mapToLong(patch -> patch.offset() + patch.bytes().remaining())
                    .max()
                    .orElse(offset);
            return new Locators.Laid(
                    patches.stream()
                            .map(patch -> Bytes.of(patch.offset(), patch.bytes()))
                            .toList(),
                    end);
        };
    }

    /** What lies in the last block behind the disk's end may be anything; a larger disk would show it. */
    private void clearBehindTheEnd(BlockFile file, BlockTable table) throws IOException {
        SparseLayout layout = table.layout();
        int used = (int) (headers.footer().currentSize() % layout.blockSize());
        int last = table.blocks() - 1;
        if (used > 0 && table.isAllocated(last)) {
            file.write(layout.dataOffset(table.entry(last)) + used, ByteBuffer.allocate(layout.blockSize() - used));
            file.sync();
        }
    }
}
