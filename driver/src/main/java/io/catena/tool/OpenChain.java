package io.catena.tool;

import io.catena.disk.BlockDevice;
import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.disk.LiveDisk;
import io.catena.op.OfflineAccess;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.Storage;
import io.catena.store.WrittenElsewhereException;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A disk and its ancestors, open until it is closed. */
public final class OpenChain implements Closeable {
    private final Chain chain;
    private final LiveDisk disk;

    private OpenChain(Chain chain, boolean readOnly) {
        this.chain = chain;
        this.disk = new LiveDisk(chain, readOnly);
    }

    /**
     * Opens a disk for reading; a file whose name ends in ".raw" is one without headers.
     *
     * @throws IOException also if another process has a file of the chain open for writing, or had and did not end in order
     * @throws io.catena.vhd.MissingParentException if an ancestor cannot be found, or is not the right one
     * @throws io.catena.format.CorruptVhdException if a file is no valid VHD
     * @throws io.catena.format.UnsupportedVhdException if a file must not be opened, or is its own ancestor
     */
    public static OpenChain readOnly(Storage storage, String name) throws IOException {
        return open(storage, name, file -> file.openReadOnly(storage), false);
    }

    /** As {@link #readOnly}, of a disk from whose files others are to take extents. */
    public static OpenChain source(Storage storage, String name) throws IOException {
        return open(storage, name, file -> file.openSource(storage), false);
    }

    /** Opens a disk for reading and writing; throws as {@link #readOnly} does. */
    static OpenChain writable(Storage storage, String name) throws IOException {
        return open(storage, name, file -> file.openReadOnly(storage), true);
    }

    /** Opens a file for reading. */
    @FunctionalInterface
    private interface Opener {
        Layer open(ChainFile file) throws IOException;
    }

    private static OpenChain open(Storage storage, String name, Opener reading, boolean leafIsWritten)
            throws IOException {
        List<Chain.Node> nodes = new ArrayList<>();
        try {
            List<ChainFile> files = ChainPath.of(storage, ChainFile.read(storage, name));
            for (ChainFile file : files) {
                checkIsNotWritten(storage, file.name());
            }
            OfflineAccess.checkAreWhole(
                    storage, files.stream().map(ChainFile::name).collect(Collectors.toSet()));
            for (ChainFile file : files) {
                boolean writable = nodes.isEmpty() && leafIsWritten;
                nodes.add(
                        new Chain.Node(file.name(), writable ? file.openWritable(storage, null) : reading.open(file)));
            }
            return new OpenChain(new Chain(nodes), !leafIsWritten);
        } catch (IOException | RuntimeException e) {
            closeAll(nodes, e);
            throw e;
        }
    }

    /** What a guest wrote last may be in the memory of who serves it, or in a log. */
    static void checkIsNotWritten(Storage storage, String name) throws IOException {
        if (storage.isWrittenElsewhere(name)) {
            throw new WrittenElsewhereException(
                    name,
                    "the file does not tell all that was written",
                    Advice.of("Detach the disk (")
                            .then(Remedy.of(Verb.VDI_DETACH))
                            .then("), or take a snapshot and export that (")
                            .then(Remedy.of(Verb.VDI_SNAPSHOT))
                            .then(", ")
                            .then(Remedy.of(Verb.VDI_EXPORT))
                            .then(")."));
        }
    }

    /** The disk as a guest sees it. */
    public BlockDevice disk() {
        return disk;
    }

    /** Returns the size of the disk. */
    public long sizeBytes() {
        return chain.sizeBytes();
    }

    /** The files, leaf first. */
    public List<Chain.Node> nodes() {
        return chain.nodes();
    }

    @Override
    public void close() throws IOException {
        IOException failure = new IOException("cannot close " + chain.leaf().name());
        closeAll(chain.nodes(), failure);
        if (failure.getSuppressed().length > 0) {
            throw new IOException(failure.getSuppressed()[0].getMessage(), failure);
        }
    }

    private static void closeAll(List<Chain.Node> nodes, Exception reason) {
        for (Chain.Node node : nodes) {
            try {
                node.layer().close();
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
    }
}
