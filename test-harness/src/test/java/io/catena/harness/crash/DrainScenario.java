package io.catena.harness.crash;

import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskContent;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.DrainingLayer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A leaf moves to its parent, block by block, while its guest writes, discards and flushes. What the collector does comes in
 * between the calls of a flush, and the guest's requests between those of the collector, as those of another thread would.
 */
final class DrainScenario implements Scenario {
    private static final String LEAF = "leaf.vhd";
    private static final String BASE = "base.vhd";
    private static final long SIZE_BYTES = 12L << 20;
    private static final long PIECE_BYTES = 1 << 20;
    private static final UUID ATTACHMENT = new UUID(7, 7);
    private static final int STEPS = 30;

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    /** What came in between the calls of a flush. */
    final Set<String> metInFlush = new TreeSet<>();

    DrainScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new DrainRun(machine);
    }

    /** What is under way, in which something else may come in. */
    private enum Under {
        NOTHING,
        FLUSH,
        COPY,
        GIVING_UP,
        TWO
    }

    private final class DrainRun implements Run {
        private final Random random = new Random(new SplittableRandom(seed).nextLong());
        private final Machine machine;
        private final Storage storage;
        private final Storage tmpfs;
        private final DiskModel model = DiskModel.empty(SIZE_BYTES);

        /** What was written to the leaf before it moves. */
        private final List<DiskModel.Write> held = new ArrayList<>();

        private long boot;
        private @Nullable SparseLayer leaf;
        private @Nullable SparseLayer base;
        private @Nullable DrainingLayer drain;
        private @Nullable LiveDisk disk;
        private Under under = Under.TWO;

        /** The blocks that are copied, and those that are to be. */
        private final List<Integer> copied = new ArrayList<>();

        private final List<Integer> toCopy = new ArrayList<>();
        private long pieceFrom;

        DrainRun(Machine machine) throws IOException {
            this.machine = machine;
            storage = new WatchedStorage(machine.disk("sr"), this::watch);
            tmpfs = new WatchedStorage(machine.tmpfs("run"), mutant);
            VhdCreator creator = new VhdCreator(storage);
            creator.dynamic(BASE, SIZE_BYTES, new UUID(2, 2), 1);
            fill(BASE, 3);
            creator.differencing(
                    LEAF, SIZE_BYTES, new UUID(1, 1), 1, ParentLink.of(storage, LEAF, BASE, new UUID(2, 2)));
            held.clear();
            fill(LEAF, 6);
            model.flushed(model.flush());
            storage.syncNames();
        }

        private void fill(String name, int writes) throws IOException {
            try (SparseLayer layer = (SparseLayer) ChainFile.vhd(storage, name).openWritable(storage, null)) {
                for (int i = 0; i < writes; i++) {
                    DiskModel.Write write = Requests.randomWrite(model, random);
                    layer.write(write.offset(), write.bytes());
                    model.answered(write);
                    held.add(write);
                }
            }
        }

        @Override
        public void act() throws IOException {
            open();
            drain = new DrainingLayer(leaf(), base());
            drain.keepPlaces();
            disk = new LiveDisk(new Chain(List.of(new Chain.Node(LEAF, drain))), false);
            under = Under.NOTHING;
            for (int i = 0; i < STEPS; i++) {
                if (random.nextInt(3) == 0) {
                    guest();
                } else {
                    collect();
                }
            }
            if (random.nextBoolean()) {
                long begin = model.flush();
                under = Under.TWO;
                drain.end();
                closeAll();
                model.flushed(begin);
            }
        }

        private void guest() throws IOException {
            switch (random.nextInt(5)) {
                case 0 -> zero();
                case 1, 2 -> flush();
                default -> write();
            }
        }

        /** Often what the leaf held at first: all else goes to the base. */
        private void write() throws IOException {
            DiskModel.Write old = held.get(random.nextInt(held.size()));
            DiskModel.Write write =
                    random.nextBoolean() ? model.write(old.sector(), old.count()) : Requests.randomWrite(model, random);
            Under outer = enter(Under.TWO);
            disk().write(write.offset(), write.bytes());
            under = outer;
            model.answered(write);
        }

        private void zero() throws IOException {
            DiskModel.Write zeros = Requests.randomZero(model, random);
            Under outer = enter(Under.TWO);
            disk().discard(zeros.offset(), zeros.lengthBytes());
            under = outer;
            model.answered(zeros);
        }

        private void flush() throws IOException {
            long begin = model.flush();
            Under outer = enter(Under.FLUSH);
            disk().flush();
            under = outer;
            model.flushed(begin);
        }

        private Under enter(Under kind) {
            Under outer = under;
            under = outer == Under.NOTHING ? kind : Under.TWO;
            return outer;
        }

        /** Takes the collector's next step. */
        private String collect() throws IOException {
            if (random.nextInt(6) == 0) {
                Under outer = enter(Under.TWO);
                drain().giveBackAllBut(random.nextInt(2), 2);
                drain().syncCopied();
                under = outer;
                return "giving back";
            }
            if (toCopy.isEmpty() && !copied.isEmpty()) {
                giveUp();
                return "giving up";
            }
            if (toCopy.isEmpty()) {
                toCopy.addAll(drain().nextBlocks(1 + random.nextInt(2)));
                pieceFrom = 0;
            }
            if (!toCopy.isEmpty()) {
                copy();
            }
            return "copying";
        }

        private void copy() throws IOException {
            Under outer = enter(Under.COPY);
            int block = toCopy.get(0);
            drain().copy(block, pieceFrom, PIECE_BYTES);
            pieceFrom += PIECE_BYTES;
            if (pieceFrom >= leaf().blockBytes()) {
                toCopy.remove(0);
                copied.add(block);
                pieceFrom = 0;
            }
            if (random.nextBoolean()) {
                drain().copyAgain(copied);
            }
            under = outer;
        }

        private void giveUp() throws IOException {
            Under outer = enter(Under.GIVING_UP);
            disk().alone(() -> drain().giveUpCopied(copied, 64 << 10));
            copied.clear();
            under = outer;
        }

        /** Lets something else come in where no lock is held that it would have to wait for. */
        private boolean watch(Call call) throws IOException {
            if (disk != null && random.nextInt(3) == 0 && isBetween()) {
                switch (under) {
                    case FLUSH -> metInFlush.add(collectOrWrite());
                    case COPY -> guest();
                    case GIVING_UP -> flush();
                    default -> {}
                }
            }
            return mutant.passes(call);
        }

        private String collectOrWrite() throws IOException {
            if (random.nextInt(3) > 0) {
                return collect();
            }
            write();
            return "writing";
        }

        private boolean isBetween() {
            String method = CallSite.current().method();
            return Set.of(
                            "SparseFlush.flushNow",
                            "SparseLayer.writeInBlock",
                            "BlockMap.writeBack",
                            "DrainingLayer.copy")
                    .contains(method);
        }

        private SparseLayer open(String name, long log) throws IOException {
            RedoLog.Owner owner = new RedoLog.Owner(new UUID(9, boot), ATTACHMENT);
            RedoLog redo = RedoLog.open(tmpfs, "redo", owner, new UUID(1, log));
            return (SparseLayer) ChainFile.vhd(storage, name).openWritable(storage, redo);
        }

        /** The base first, as recovery does: the leaf's log tells what it has given up to it. */
        private void open() throws IOException {
            base = open(BASE, 2);
            leaf = open(LEAF, 1);
        }

        /** The leaf first: it flushes the base if that holds what it gave up. */
        private void closeAll() throws IOException {
            base().flush();
            leaf().close();
            base().close();
        }

        private SparseLayer leaf() {
            return Objects.requireNonNull(leaf);
        }

        private SparseLayer base() {
            return Objects.requireNonNull(base);
        }

        private DrainingLayer drain() {
            return Objects.requireNonNull(drain);
        }

        private LiveDisk disk() {
            return Objects.requireNonNull(disk);
        }

        private Chain chain() {
            return new Chain(List.of(new Chain.Node(LEAF, leaf()), new Chain.Node(BASE, base())));
        }

        @Override
        public void recover(boolean powerWasCut) throws IOException {
            under = Under.TWO;
            disk = null;
            if (powerWasCut) {
                boot++;
            }
            base = open(BASE, 2);
            base().close();
            leaf = open(LEAF, 1);
            leaf().close();
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            under = Under.TWO;
            disk = null;
            if (!happened) {
                machine.kill();
                machine.restart();
            }
            open();
            DiskContent content = chain()::read;
            if (fault == Fault.POWER_CUT && happened) {
                model.checkAfterPowerCut(content);
            } else {
                model.check(content);
            }
            for (int i = 0; i < 4; i++) {
                DiskModel.Write write = Requests.randomWrite(model, random);
                leaf().write(write.offset(), write.bytes());
                model.answered(write);
            }
            model.check(chain()::read);
            closeAll();
            VhdFiles.checkFooters(machine.disk("sr"));
            open();
            model.check(chain()::read);
            closeAll();
            if (!happened) {
                VhdFiles.checkWithReference(machine.disk("sr"), LEAF, model);
            }
        }
    }
}
