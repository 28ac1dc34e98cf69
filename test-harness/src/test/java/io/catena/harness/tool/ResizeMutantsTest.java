package io.catena.harness.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.WatchedStorage;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.tool.NewDiskType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The crash test of resize can fail: a resize that leaves a call out, or makes two in the wrong order, is found out. */
@Tag("slow")
final class ResizeMutantsTest {
    private static final int SEEDS = 30;
    private static final int MOST_CALLS = 500;
    private static final long GROWN = 4300L << 20;

    /** What is done wrong. */
    private enum Mutant {
        MOVED_BLOCK_NOT_SYNCED(Call.Kind.SYNC, "BlockMover.move"),
        HEADERS_NOT_SYNCED(Call.Kind.SYNC, "Rewrite.apply"),
        JOURNAL_NOT_SYNCED(Call.Kind.SYNC, "StoredText.layReady"),
        JOURNAL_NOT_NAMED_DURABLY(Call.Kind.SYNC_NAMES, "StoredText.replace"),
        NO_JOURNAL(Call.Kind.RENAME, "StoredText.replace"),
        /** The block's new place is entered first, its data written after that. */
        ENTRY_BEFORE_DATA(Call.Kind.WRITE, "BlockMover.move") {
            @Override
            WatchedStorage.Watcher watcher(Storage storage, Runnable counter) {
                return new Late(storage, this, counter);
            }
        };

        private final Call.Kind kind;
        private final String method;

        Mutant(Call.Kind kind, String method) {
            this.kind = kind;
            this.method = method;
        }

        WatchedStorage.Watcher watcher(Storage storage, Runnable counter) {
            return call -> !concerns(call, counter);
        }

        boolean concerns(Call call, Runnable counter) {
            boolean concerned =
                    call.kind() == kind && CallSite.current().method().equals(method);
            if (concerned) {
                counter.run();
            }
            return concerned;
        }
    }

    /** Makes the calls of a mutant only after the next write. */
    private static final class Late implements WatchedStorage.Watcher {
        private final Storage storage;
        private final Mutant mutant;
        private final Runnable counter;
        private Call held = new Call(Call.Kind.SYNC, "", "", 0, ByteBuffer.allocate(0));

        Late(Storage storage, Mutant mutant, Runnable counter) {
            this.storage = storage;
            this.mutant = mutant;
            this.counter = counter;
        }

        @Override
        public boolean passes(Call call) throws IOException {
            if (mutant.concerns(call, counter)) {
                ByteBuffer copy = ByteBuffer.allocate(call.bytes().remaining());
                held = new Call(
                        call.kind(),
                        call.file(),
                        "",
                        call.offset(),
                        copy.put(call.bytes().slice()).flip());
                return false;
            }
            if (held.kind() == Call.Kind.WRITE && call.kind() == Call.Kind.WRITE) {
                Call late = held;
                held = call;
                write(call);
                write(late);
                held = new Call(Call.Kind.SYNC, "", "", 0, ByteBuffer.allocate(0));
                return false;
            }
            return true;
        }

        private void write(Call call) throws IOException {
            try (BlockFile file = storage.open(call.file())) {
                file.write(call.offset(), call.bytes().slice());
            }
        }
    }

    private int changed;

    @ParameterizedTest
    @EnumSource(Mutant.class)
    void aResizeThatDoesOneThingWrongIsFoundOut(Mutant mutant) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            if (isFoundOut(mutant, seed)) {
                assertThat(changed).as("calls that were changed").isPositive();
                return;
            }
        }
        fail("not found out with " + SEEDS + " seeds: " + mutant + ", changed calls: " + changed);
    }

    private boolean isFoundOut(Mutant mutant, long seed) {
        Random random = new Random(seed);
        try {
            for (int call = 1; call < MOST_CALLS; call++) {
                int[] cuts = {call, 1 + random.nextInt(12)};
                if (!ResizeCrashTest.cutTwice(
                        seed,
                        NewDiskType.DYNAMIC,
                        GROWN,
                        false,
                        cuts,
                        s -> new WatchedStorage(s, mutant.watcher(s, () -> changed++)))) {
                    return false;
                }
            }
        } catch (AssertionError | IOException e) {
            return true;
        }
        throw new AssertionError("more than " + MOST_CALLS + " calls");
    }
}
