package io.catena.harness.crash;

import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.disk.LiveDisk;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskContent;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A guest's random writes, discards and flushes on one sparse layer, alone or over a parent. Other requests come in between the calls
 * of a flush or a write, as those of another thread would.
 */
final class LayerScenario implements Scenario {
    private static final String LEAF = "leaf.vhd";
    private static final String BASE = "base.vhd";
    private static final long SIZE_BYTES = 6L << 20;
    private static final UUID ATTACHMENT = new UUID(7, 7);
    private static final int BLOCK_SECTORS = 4096;
    private static final int STEPS = 12;

    private final long seed;
    private final boolean differencing;
    private final WatchedStorage.Watcher mutant;
    private boolean reuse;

    LayerScenario(long seed, boolean differencing, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.differencing = differencing;
        this.mutant = mutant;
    }

    LayerScenario(long seed, boolean differencing) {
        this(seed, differencing, call -> true);
    }

    /** Returns a scenario in which blocks are given up during flushes, and others written right after them. */
    static LayerScenario reusingPlaces(long seed) {
        LayerScenario scenario = new LayerScenario(seed, false);
        scenario.reuse = true;
        return scenario;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new LayerRun(machine);
    }

    /** What is under way; at most one request comes in during another. */
    private enum Request {
        NONE,
        WRITE,
        ZERO,
        FLUSH,
        TWO
    }

    private final class LayerRun implements Run {
        private final Random random = new Random(new SplittableRandom(seed).nextLong());
        private final Machine machine;
        private final Storage storage;
        private final Storage tmpfs;
        private final DiskModel model = DiskModel.empty(SIZE_BYTES);
        private long boot;
        private List<Chain.Node> nodes = List.of();
        private @Nullable LiveDisk disk;

        private Request under = Request.NONE;

        /** The block to discard when a flush syncs; -1 for none. */
        private int discardInFlush = -1;

        LayerRun(Machine machine) throws IOException {
            this.machine = machine;
            storage = new WatchedStorage(machine.disk("sr"), this::watch);
            tmpfs = new WatchedStorage(machine.tmpfs("run"), mutant);
            VhdCreator creator = new VhdCreator(storage);
            if (!differencing) {
                creator.dynamic(LEAF, SIZE_BYTES, new UUID(1, 1), 1);
                storage.syncNames();
                return;
            }
            UUID baseId = new UUID(2, 2);
            creator.dynamic(BASE, SIZE_BYTES, baseId, 1);
            try (Layer base = ChainFile.vhd(storage, BASE).openWritable(storage, null)) {
                write(base);
                write(base);
            }
            model.flushed(model.flush());
            ParentLink link = ParentLink.of(storage, LEAF, BASE, baseId);
            creator.differencing(LEAF, SIZE_BYTES, new UUID(1, 1), 1, link);
            storage.syncNames();
        }

        @Override
        public void act() throws IOException {
            open();
            for (int round = 0; reuse && round < 3; round++) {
                reusePlaces(round % 3, (round + 1) % 3, (round + 2) % 3);
            }
            for (int step = 0; !reuse && step < STEPS; step++) {
                step();
            }
            if (random.nextBoolean()) {
                close();
            }
        }

        /** Begins and ends with three blocks that are not there. */
        private void reusePlaces(int victim, int other, int third) throws IOException {
            writeIn(victim);
            flush();
            writeIn(third);
            discardInFlush = victim;
            flush();
            writeIn(other);
            flush();
            zero(model.zero(0, (int) (SIZE_BYTES / DiskModel.SECTOR)));
            flush();
        }

        private void writeIn(int block) throws IOException {
            write(nodes.get(0).layer(), model.write((long) block * BLOCK_SECTORS + random.nextInt(100), 32));
        }

        private void step() throws IOException {
            int kind = random.nextInt(16);
            if (kind >= 12) {
                zero();
            } else if (kind < 7) {
                write(nodes.get(0).layer());
            } else if (kind < 10) {
                flush();
            } else if (kind < 11) {
                seal();
            } else {
                close();
                open();
            }
        }

        private void write(Layer layer) throws IOException {
            write(layer, Requests.randomWrite(model, random));
        }

        private void write(Layer layer, DiskModel.Write write) throws IOException {
            Request outer = under;
            under = outer == Request.NONE ? Request.WRITE : Request.TWO;
            layer.write(write.offset(), write.bytes());
            under = outer;
            model.answered(write);
        }

        private void zero() throws IOException {
            zero(Requests.randomZero(model, random));
        }

        private void zero(DiskModel.Write zeros) throws IOException {
            LiveDisk disk = Objects.requireNonNull(this.disk);
            Request outer = under;
            under = outer == Request.NONE ? Request.ZERO : Request.TWO;
            switch (reuse ? 2 : random.nextInt(5)) {
                case 0 -> disk.writeZeroes(zeros.offset(), zeros.lengthBytes(), false);
                case 1 -> disk.writeZeroes(zeros.offset(), zeros.lengthBytes(), true);
                default -> disk.discard(zeros.offset(), zeros.lengthBytes());
            }
            under = outer;
            model.answered(zeros);
        }

        private void flush() throws IOException {
            long begin = model.flush();
            Request outer = under;
            under = outer == Request.NONE ? Request.FLUSH : Request.TWO;
            nodes.get(0).layer().flush();
            under = outer;
            model.flushed(begin);
        }

        private void seal() throws IOException {
            long begin = model.flush();
            ((SparseLayer) nodes.get(0).layer()).seal();
            model.flushed(begin);
        }

        private void open() throws IOException {
            ChainFile leaf = ChainFile.vhd(storage, LEAF);
            RedoLog.Owner owner = new RedoLog.Owner(new UUID(9, boot), ATTACHMENT);
            List<Chain.Node> opened = new ArrayList<>();
            for (ChainFile file : ChainPath.of(storage, leaf)) {
                opened.add(new Chain.Node(
                        file.name(),
                        opened.isEmpty()
                                ? file.openWritable(storage, RedoLog.open(tmpfs, "redo", owner, new UUID(1, 1)))
                                : file.openReadOnly(storage)));
            }
            nodes = opened;
            disk = new LiveDisk(new Chain(nodes), false);
        }

        private void close() throws IOException {
            long begin = model.flush();
            closeAll();
            model.flushed(begin);
        }

        private void closeAll() throws IOException {
            for (Chain.Node node : nodes) {
                node.layer().close();
            }
        }

        /** Lets another request come in where no lock is held that it would have to wait for. */
        private boolean watch(Call call) throws IOException {
            boolean metadata = call.kind() == Call.Kind.SYNC
                    || (call.kind() == Call.Kind.WRITE && call.bytes().remaining() == 512 && !isFooter(call.bytes()));
            if (reuse) {
                discardDuring(call);
            } else if (under == Request.FLUSH && metadata && random.nextInt(3) == 0) {
                if (random.nextInt(3) == 0) {
                    zero();
                } else {
                    write(nodes.get(0).layer());
                }
            } else if (under == Request.ZERO && metadata && random.nextInt(3) == 0) {
                flush();
            } else if (under == Request.WRITE && !nodes.isEmpty() && isGuestData(call) && random.nextInt(4) == 0) {
                flush();
            }
            return mutant.passes(call);
        }

        private void discardDuring(Call call) throws IOException {
            if (discardInFlush >= 0
                    && under == Request.FLUSH
                    && call.kind() == Call.Kind.SYNC
                    && random.nextBoolean()) {
                int block = discardInFlush;
                discardInFlush = -1;
                zero(model.zero((long) block * BLOCK_SECTORS, BLOCK_SECTORS));
            }
        }

        private boolean isGuestData(Call call) {
            return call.kind() == Call.Kind.WRITE && call.bytes().getShort(0) == (short) 0xCA7E;
        }

        private boolean isFooter(ByteBuffer bytes) {
            return bytes.getLong(0) == 0x636f6e6563746978L;
        }

        @Override
        public void recover(boolean powerWasCut) throws IOException {
            under = Request.TWO;
            if (powerWasCut) {
                boot++;
            }
            open();
            closeAll();
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            under = Request.NONE;
            if (!happened) {
                machine.kill();
                machine.restart();
            }
            open();
            DiskContent content = new Chain(nodes)::read;
            if (fault == Fault.POWER_CUT && happened) {
                model.checkAfterPowerCut(content);
            } else {
                model.check(content);
            }
            for (int i = 0; i < 4; i++) {
                write(nodes.get(0).layer());
            }
            model.check(new Chain(nodes)::read);
            close();
            VhdFiles.checkFooters(machine.disk("sr"));
            open();
            model.check(new Chain(nodes)::read);
            close();
            if (!happened) {
                VhdFiles.checkWithReference(machine.disk("sr"), LEAF, model);
            }
        }
    }
}
