package io.catena.tool;

import io.catena.disk.BlockDevice;
import io.catena.disk.Chain;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tells which file of a chain holds which part of a disk. */
public final class VhdMap {
    /** How finely zeros are told from other data. */
    private static final int ZERO_UNIT_BYTES = 4096;

    private final OpenChain chain;
    private final boolean findZeros;

    /** The last extent, not told yet since the next one may be like it. */
    private @Nullable Extent last;

    private VhdMap(OpenChain chain, boolean findZeros) {
        this.chain = chain;
        this.findZeros = findZeros;
    }

    /** What a part of a disk consists of. */
    public enum Kind {
        /** Bytes that a file holds. */
        DATA,
        /** Bytes that a file holds, all of them zero; only told if asked for. */
        ZERO,
        /** Bytes that no file holds; a guest reads zeros. */
        HOLE
    }

    /**
     * A part of a disk, in bytes as a guest counts them.
     *
     * @param file what holds it; null for a hole
     */
    public record Extent(
            long offset, long length, Kind kind, @Nullable String file) {
        private boolean continues(Extent before) {
            return kind == before.kind && Objects.equals(file, before.file);
        }
    }

    /**
     * Tells {@code receiver} of all parts of a disk in order, without gaps, each as long as can be.
     *
     * @param findZeros whether to read the data to see if it is zero
     */
    public static void of(OpenChain chain, boolean findZeros, Consumer<Extent> receiver) throws IOException {
        new VhdMap(chain, findZeros).walk(receiver);
    }

    private void walk(Consumer<Extent> receiver) throws IOException {
        long size = chain.disk().sizeBytes();
        for (long offset = 0; offset < size; ) {
            Extent extent = at(chain.nodes(), offset, size - offset);
            offset += extent.length();
            if (findZeros && extent.kind() == Kind.DATA) {
                split(extent, receiver);
            } else {
                add(extent, receiver);
            }
        }
        if (last != null) {
            receiver.accept(last);
        }
    }

    static Extent at(List<Chain.Node> nodes, long offset, long maxBytes) throws IOException {
        long length = maxBytes;
        for (Chain.Node node : nodes) {
            long rest = node.layer().sizeBytes() - offset;
            if (rest <= 0) {
                break; // what lies below is hidden: beyond its size a disk is zero
            }
            long run = node.layer().run(offset, Math.min(length, rest));
            length = Math.abs(run);
            if (run > 0) {
                return new Extent(offset, length, Kind.DATA, node.name());
            }
        }
        return new Extent(offset, length, Kind.HOLE, null);
    }

    private void split(Extent data, Consumer<Extent> receiver) throws IOException {
        BlockDevice disk = chain.disk();
        ByteBuffer unit = ByteBuffer.allocate(ZERO_UNIT_BYTES);
        ByteBuffer zeros = ByteBuffer.allocate(ZERO_UNIT_BYTES);
        long end = data.offset() + data.length();
        for (long offset = data.offset(); offset < end; offset += unit.limit()) {
            unit.clear().limit((int) Math.min(ZERO_UNIT_BYTES - offset % ZERO_UNIT_BYTES, end - offset));
            disk.read(offset, unit);
            boolean zero = unit.flip().equals(zeros.slice(0, unit.limit()));
            add(new Extent(offset, unit.limit(), zero ? Kind.ZERO : Kind.DATA, data.file()), receiver);
        }
    }

    private void add(Extent next, Consumer<Extent> receiver) {
        Extent before = last;
        if (before != null && next.continues(before)) {
            last = new Extent(before.offset(), before.length() + next.length(), next.kind(), next.file());
            return;
        }
        if (before != null) {
            receiver.accept(before);
        }
        last = next;
    }
}
