package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.log.LogLine;
import io.catena.op.Absorb;
import io.catena.sr.tree.LiveSteps;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Ends the moving of an attached disk's blocks after the last one: the base copy takes the leaf's place.
 *
 * <ol>
 *   <li>Hold back requests, and make the base copy's file complete ({@link #cut}).
 *   <li>Let the steps of {@link Absorb} be taken. If the first fails the disk goes on as it was ({@link #goBack}).
 *   <li>Open the file under its new name, go on with that, and let requests run ({@link #goOn}).
 *   <li>Close the leaf, whose file has no name any more.
 * </ol>
 *
 * <p>If a step fails when the leaf's file may have been replaced, and once more, all requests of the disk fail until it is
 * detached and attached. Nothing that was answered is lost.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class DrainEnd implements LiveSteps, Closeable {
    private static final Logger LOG = System.getLogger(DrainEnd.class.getName());

    private final Storage storage;
    private final OpenNodes nodes;
    private final LeafDrain drain;
    private final Absorb operation;
    private final Runnable ended;
    private LiveDisk.@Nullable Pause pause;
    private @Nullable IOException failure;

    /**
     * @param ended is told when the drain is no more
     */
    DrainEnd(Storage storage, OpenNodes nodes, LeafDrain drain, Absorb operation, Runnable ended) {
        this.storage = storage;
        this.nodes = nodes;
        this.drain = drain;
        this.operation = operation;
        this.ended = ended;
    }

    @Override
    public void cut() throws IOException {
        pause = drain.disk().pause();
        try {
            drain.sealBaseCopy();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public void settle() {}

    @Override
    public boolean goBack() {
        close();
        return true;
    }

    @Override
    public void goOn() {
        if (pause == null) {
            return;
        }
        try {
            goOnWith(open());
        } catch (IOException e) {
            giveUp(e);
        }
    }

    /** What is recorded happens later, so the disk must not go on as it was. */
    @Override
    public void giveUp(IOException reason) {
        if (pause == null) {
            return;
        }
        failure = reason;
        retire();
        goOnWith(nodes.enter(
                operation.leaf(), new UnopenedLayer(drain.baseCopy().layer().sizeBytes(), reason)));
    }

    private void goOnWith(Chain.Node leaf) {
        List<Chain.Node> successor = new ArrayList<>(List.of(leaf));
        successor.addAll(drain.rest());
        Objects.requireNonNull(pause, "pause").replace(new Chain(successor));
        close();
        ended.run();
        try {
            nodes.releaseAll(List.of(drain.leaf(), drain.baseCopy()));
        } catch (IOException e) {
            failure = Failures.merge(failure, e);
        }
    }

    /**
     * Makes sure that the disk goes on, once all is done.
     *
     * @throws IOException if all of its requests fail, or what it had open could not be closed in order
     */
    public void checkGoesOn() throws IOException {
        if (failure != null) {
            throw failure;
        }
    }

    /** Tries twice: a guest would lose its disk. */
    private Chain.Node open() throws IOException {
        retire();
        nodes.forget(operation.leaf());
        try {
            return nodes.openWritable(ChainFile.read(storage, operation.leaf()));
        } catch (IOException e) {
            return nodes.openWritable(ChainFile.read(storage, operation.leaf()));
        }
    }

    /**
     * What is open has the footer of a base copy, and must not write it over that of the leaf when it is closed. Nothing is
     * lost if this fails half-way.
     */
    private void retire() {
        try {
            drain.retireBaseCopy();
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("base-copy-not-retired", "cause", e.getMessage()));
        }
    }

    /** Lets requests run, if they are held back still. */
    @Override
    public void close() {
        if (pause != null) {
            pause.close();
            pause = null;
        }
    }
}
