package io.catena.harness.crash;

import io.catena.format.Footer;
import io.catena.harness.model.DiskModel;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Looks at VHD files from outside, when nobody has them open. */
final class VhdFiles {
    private static final int PIECE = 4096;

    private VhdFiles() {}

    static List<String> names(Storage storage) throws IOException {
        return storage.list("").stream().filter(name -> name.endsWith(".vhd")).toList();
    }

    /** Makes sure that all files have two valid footers that are equal. */
    static void checkFooters(Storage storage) throws IOException {
        for (String name : names(storage)) {
            try (BlockFile file = storage.openReadOnly(name)) {
                Footer copy = footer(file, 0);
                Footer last = footer(file, file.size() - Footer.SIZE);
                if (!copy.equals(last)) {
                    throw new AssertionError(name + ": the footers differ: " + copy + " and " + last);
                }
            }
        }
    }

    private static Footer footer(BlockFile file, long offset) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Footer.SIZE);
        file.readFully(offset, bytes);
        return Footer.decode(bytes.flip(), file.name(), offset);
    }

    /** Makes sure that a reader that shares no code with the driver finds what {@code model} allows. */
    static void checkWithReference(Storage storage, String leaf, DiskModel model) throws IOException {
        Path directory = Files.createTempDirectory("catena-crash");
        List<Path> copies = new ArrayList<>();
        try {
            for (String name : names(storage)) {
                copies.add(directory.resolve(name));
                copy(storage, name, directory.resolve(name));
            }
            try (ReferenceReader reader = ReferenceReader.open(directory.resolve(leaf))) {
                model.check(reader.read(0, (int) model.sizeBytes()));
            }
        } finally {
            for (Path copy : copies) {
                Files.deleteIfExists(copy);
            }
            Files.delete(directory);
        }
    }

    private static void copy(Storage storage, String name, Path target) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate(PIECE);
        try (BlockFile from = storage.openReadOnly(name);
                FileChannel to = FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long size = from.size();
            for (long offset = 0; offset < size; offset += PIECE) {
                ByteBuffer piece = ByteBuffer.allocate(PIECE);
                from.read(offset, piece);
                piece.flip();
                boolean last = offset + PIECE >= size;
                if (last || !piece.equals(zeros)) {
                    to.write(piece, offset);
                }
                zeros.clear();
            }
        }
    }
}
