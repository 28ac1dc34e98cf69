package io.catena.tool;

import io.catena.format.CorruptVhdException;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the headers of a file say in passing, its locators and tables left aside.
 *
 * @param type null if the file cannot be read, as are what follows
 * @param marker the toolstack's, 0 to 255; null if the file has no batmap, where it would stand
 * @param parentId the id that the parent must have; all zeros if it is raw; null if there is none
 * @param parentName the last part of the parent's name; null if there is none
 * @param parent the parent among the scanned files; null if it is not among them, or none is needed
 * @param problem why the file, or its chain, cannot be used; null if nothing was noticed
 */
public record ScannedVhd(
        Path file,
        @Nullable DiskType type,
        long virtualSizeBytes,
        long fileSizeBytes,
        boolean hidden,
        @Nullable Integer marker,
        @Nullable UUID uniqueId,
        @Nullable UUID parentId,
        @Nullable String parentName,
        @Nullable Path parent,
        @Nullable String problem) {
    private static final int HEADERS_BYTES = Footer.SIZE + DynamicHeader.SIZE;

    /** Reads the copy of the footer and the header, which stand together; what is not laid out like that takes more reads. */
    static ScannedVhd read(Path path) {
        long size = 0;
        try {
            HostFile host = HostFile.of(path);
            try (BlockFile file = host.storage().openReadOnly(host.name())) {
                size = file.size();
                return of(path, file);
            }
        } catch (IOException e) {
            return new ScannedVhd(path, null, 0, size, false, null, null, null, null, null, message(e));
        }
    }

    private static ScannedVhd of(Path path, BlockFile file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(HEADERS_BYTES);
        file.read(0, bytes);
        if (!bytes.hasRemaining()) {
            try {
                Footer footer = Footer.decode(bytes.flip(), file.name(), 0);
                if (footer.type() != DiskType.FIXED && footer.dataOffset() == Footer.SIZE) {
                    bytes.position(Footer.SIZE);
                    return of(path, file, footer, DynamicHeader.decode(bytes, file.name(), Footer.SIZE));
                }
            } catch (CorruptVhdException e) {
                // a fixed disk, or a damaged copy: the end of the file tells
            }
        }
        VhdHeaders headers = VhdHeaders.read(file);
        return of(path, file, headers.footer(), headers.header());
    }

    private static ScannedVhd of(Path path, BlockFile file, Footer footer, @Nullable DynamicHeader header)
            throws IOException {
        @Nullable DynamicHeader link = footer.type() == DiskType.DIFFERENCING ? header : null;
        return new ScannedVhd(
                path,
                footer.type(),
                footer.currentSize(),
                file.size(),
                footer.hidden(),
                header == null ? null : BlockInfo.marker(file, footer, SparseLayout.of(footer, header)),
                footer.uniqueId(),
                link == null ? null : link.parentId(),
                link == null ? null : lastPart(link.parentName().replace('\\', '/')),
                null,
                null);
    }

    ScannedVhd withParent(Path found) {
        return new ScannedVhd(
                file,
                type,
                virtualSizeBytes,
                fileSizeBytes,
                hidden,
                marker,
                uniqueId,
                parentId,
                parentName,
                found,
                problem);
    }

    ScannedVhd withProblem(String found) {
        return new ScannedVhd(
                file,
                type,
                virtualSizeBytes,
                fileSizeBytes,
                hidden,
                marker,
                uniqueId,
                parentId,
                parentName,
                parent,
                found);
    }

    private static String message(IOException e) {
        String detail = String.valueOf(e.getMessage());
        return switch (Problem.of(e)) {
            case NO_SUCH_FILE -> "there is no such file";
            case OTHER -> e instanceof FileSystemException ? e.getClass().getSimpleName() + ": " + detail : detail;
            case FILE_EXISTS, IN_USE, PARENT_MISSING, BAD_FILE -> detail;
        };
    }

    private static String lastPart(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
