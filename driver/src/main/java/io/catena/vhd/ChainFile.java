package io.catena.vhd;

import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A file as a member of chains: what it says of itself, without its data.
 *
 * @param name on the storage
 * @param headers null for a raw file
 * @param sizeBytes size of the virtual disk
 */
public record ChainFile(String name, @Nullable VhdHeaders headers, long sizeBytes) {
    private static final String RAW = ".raw";

    /**
     * Reads the headers of a VHD.
     *
     * @throws java.nio.file.NoSuchFileException if there is no such file
     * @throws io.catena.format.CorruptVhdException if the file is no valid VHD
     * @throws io.catena.format.UnsupportedVhdException also if a rewrite of its headers was interrupted
     */
    public static ChainFile vhd(Storage storage, String name) throws IOException {
        PendingRewrite.refuse(storage, name);
        try (BlockFile file = storage.openReadOnly(name)) {
            VhdHeaders headers = VhdHeaders.read(file);
            return new ChainFile(name, headers, headers.footer().currentSize());
        }
    }

    /** Looks at a raw file; a last sector that the file does not fill ends with zeros, as qemu has it. */
    public static ChainFile raw(Storage storage, String name) throws IOException {
        return new ChainFile(name, null, SparseLayout.roundUp(storage.info(name).sizeBytes(), SparseLayout.SECTOR));
    }

    /** Reads what a file says of itself; whether it is raw is told by the end of its name. */
    public static ChainFile read(Storage storage, String name) throws IOException {
        return name.endsWith(RAW) ? raw(storage, name) : vhd(storage, name);
    }

    /** Returns what this file says of itself, under another name. */
    public ChainFile renamed(String newName) {
        return new ChainFile(newName, headers, sizeBytes);
    }

    /** Whether it is marked as a base copy. */
    public boolean hidden() {
        return headers != null && headers.footer().hidden();
    }

    /** Whether it is a dynamic or differencing disk, which holds some blocks and others not. */
    public boolean isSparse() {
        return headers != null && headers.header() != null;
    }

    /** Returns the unique id in the footer; a raw file has none. */
    public Optional<UUID> uniqueId() {
        return Optional.ofNullable(headers).map(VhdHeaders::footer).map(Footer::uniqueId);
    }

    /** Whether other programs take no offence at what the file notes of blocks that are full; so if it notes nothing. */
    public boolean hasValidBatmap(Storage storage) throws IOException {
        try (Layer layer = openReadOnly(storage)) {
            return !(layer instanceof SparseLayer sparse) || sparse.hasValidBatmap();
        }
    }

    /** Opens the file as a layer for reading. */
    public Layer openReadOnly(Storage storage) throws IOException {
        return layer(storage.openReadOnly(name), null, false);
    }

    /** As {@link #openReadOnly}, for a layer from which others are to take sectors. */
    public Layer openSource(Storage storage) throws IOException {
        return layer(storage.openSource(name), null, false);
    }

    /**
     * Opens the file as a layer for reading and writing.
     *
     * @param redo belongs to the layer from now on; null if answered writes need not survive the process
     */
    public Layer openWritable(Storage storage, @Nullable RedoLog redo) throws IOException {
        BlockFile file;
        try {
            file = storage.open(name);
        } catch (IOException e) {
            if (redo != null) {
                redo.close();
            }
            throw e;
        }
        return layer(file, redo, true);
    }

    private Layer layer(BlockFile file, @Nullable RedoLog redo, boolean writable) throws IOException {
        if (headers == null || !isSparse()) {
            return new FlatLayer(file, sizeBytes);
        }
        return writable ? SparseLayer.openWritable(file, headers, redo) : SparseLayer.openReadOnly(file, headers);
    }
}
