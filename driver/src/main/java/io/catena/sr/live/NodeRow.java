package io.catena.sr.live;

import io.catena.change.Grains;
import io.catena.disk.Chain;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Nodes in a row, each the only child of the next, as one; for reading. */
public final class NodeRow implements Closeable {
    private final List<Chain.Node> nodes;

    NodeRow(List<Chain.Node> nodes) {
        this.nodes = nodes;
    }

    public static NodeRow open(Storage storage, List<ChainFile> files) throws IOException {
        List<Chain.Node> opened = new ArrayList<>();
        NodeRow source = new NodeRow(opened);
        try {
            for (ChainFile file : files) {
                opened.add(new Chain.Node(file.name(), file.openSource(storage)));
            }
            return source;
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /**
     * Sectors that are alike.
     *
     * @param layer who holds them; null if nobody does
     */
    public record Run(@Nullable Layer layer, long bytes) {}

    public long sizeBytes() {
        return nodes.get(0).layer().sizeBytes();
    }

    public Run run(long offset, long maxBytes) throws IOException {
        long length = maxBytes;
        for (Chain.Node node : nodes) {
            long rest = node.layer().sizeBytes() - offset;
            if (rest <= 0) {
                break;
            }
            long run = node.layer().run(offset, Math.min(rest, length));
            if (run > 0) {
                return new Run(node.layer(), run);
            }
            length = -run;
        }
        return new Run(null, length);
    }

    public long presentBytes(long from) throws IOException {
        long present = 0;
        for (long offset = from; offset < sizeBytes(); ) {
            Run run = run(offset, sizeBytes() - offset);
            present += run.layer() == null ? 0 : run.bytes();
            offset += run.bytes();
        }
        return present;
    }

    /** Adds the grains of the disk that any of the nodes holds something of. */
    public void addTo(BitSet grains) throws IOException {
        for (long offset = 0; offset < sizeBytes(); ) {
            Run run = run(offset, sizeBytes() - offset);
            if (run.layer() != null) {
                Grains.add(grains, offset, offset + run.bytes());
            }
            offset += run.bytes();
        }
    }

    @Override
    public void close() throws IOException {
        for (Chain.Node node : nodes) {
            node.layer().close();
        }
    }

    /** Returns how many bytes of the disk are present in a layer. */
    public static long presentBytes(Layer source) throws IOException {
        return new NodeRow(List.of(new Chain.Node("", source))).presentBytes(0);
    }
}
