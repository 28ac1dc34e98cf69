package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.api.GcChange;
import io.catena.api.Job;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import io.catena.op.OfflineAccess;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A push down that is ended half-way goes on where it was, whatever ended it; but only if nobody has touched its files
 * meanwhile.
 */
@Tag("slow")
class PushDownResumeTest {
    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final int KIB = 1 << 10;
    private static final int PIECE_BYTES = 256 * KIB;
    private static final int PIECES = 8;

    /** At this piece it is ended. */
    private static final int LAST_PIECE = 5;

    private final Machine machine = new Machine(1);
    private final Storage disk = machine.disk("sr");
    private final SimulatedSr sr = new SimulatedSr(machine, 1, this::watch);
    private int pieces;
    private Runnable atLastPiece = () -> {};

    /** What ends a push down. */
    private enum End {
        CANCEL,
        PAUSE,
        CANCEL_AND_DETACH,
        KILL,
        POWER_CUT
    }

    PushDownResumeTest() throws IOException {
        sr.tickNanos = 0;
        sr.repository().garbage().set(new GcChange(null, null, null, 1, null, null, null, null));
        sr.create(DISK);
        sr.attach(DISK);
        write(0, 4096 * KIB);
        VdiId first = sr.snapshot(DISK);
        for (int i = 0; i < PIECES; i++) {
            write(2 * i * PIECE_BYTES, PIECE_BYTES);
        }
        sr.snapshot(DISK);
        write(0, 64 * KIB);
        sr.destroy(first);
    }

    private void write(int offset, int lengthBytes) throws IOException {
        DiskModel model = sr.model(DISK);
        DiskModel.Write write = model.write(offset / DiskModel.SECTOR, lengthBytes / DiskModel.SECTOR);
        sr.device(DISK).write(write.offset(), write.bytes());
        model.answered(write);
        sr.flush(DISK);
    }

    private boolean watch(Call call) {
        if (call.kind() == Call.Kind.WRITE
                && call.bytes().remaining() == PIECE_BYTES
                && CallSite.isInside("PushDown.copy")) {
            if (++pieces == LAST_PIECE) {
                Runnable end = atLastPiece;
                atLastPiece = () -> {};
                end.run();
            }
        }
        return true;
    }

    @ParameterizedTest
    @EnumSource
    void whatEndsAPushDownDoesNotMakeItCopyAnythingTwice(End end) throws IOException {
        int copied = endAtLastPiece(end);

        finish();

        boolean lastFailed = end == End.KILL || end == End.POWER_CUT;
        assertThat(copied).isEqualTo(LAST_PIECE);
        assertThat(pieces).as("pieces copied in all").isEqualTo(lastFailed ? PIECES + 1 : PIECES);
    }

    /** Returns how many pieces were copied until then. */
    private int endAtLastPiece(End end) throws IOException {
        atLastPiece = () -> {
            switch (end) {
                case CANCEL, CANCEL_AND_DETACH -> sr.repository().garbage().cancel();
                case PAUSE -> sr.repository().garbage().pause();
                case KILL -> machine.killAtCall(1);
                case POWER_CUT -> machine.cutPowerAtCall(1);
            }
        };
        Job ended = sr.collectGarbage();
        int copied = pieces; // to resume begins the next run
        switch (end) {
            case CANCEL -> assertThat(ended.state()).isEqualTo(Job.State.CANCELLED);
            case PAUSE -> {
                assertThat(ended.result()).contains("merged 0", "paused");
                sr.repository().garbage().resume();
            }
            case CANCEL_AND_DETACH -> sr.reopen();
            case KILL, POWER_CUT -> {
                machine.restorePower();
                sr.restart(end == End.POWER_CUT);
            }
        }
        return copied;
    }

    private void finish() throws IOException {
        Job job = sr.collectGarbage();
        assertThat(job.state()).as("%s", job).isEqualTo(Job.State.DONE);
        assertThat(sr.depth(DISK)).isEqualTo(2);
        sr.checkContents(Fault.KILL);
        assertThat(notes()).isEmpty();
        sr.checkWorkGoesOn(true);
    }

    private List<String> notes() throws IOException {
        return disk.list(OfflineAccess.PUSH_DOWNS);
    }

    @Test
    void afterAnotherProgramWroteToTheParentItBeginsAnew() throws IOException {
        endInOrder();
        try (Layer parent = ChainFile.vhd(disk, parent()).openWritable(disk, null)) {
            parent.write(2 * PIECE_BYTES, ByteBuffer.allocate(PIECE_BYTES));
        }
        assertBeginsAnew();
    }

    @Test
    void afterAnotherProgramWroteToTheNodeItBeginsAnew() throws IOException {
        endInOrder();
        try (BlockFile file = disk.open(node())) {
            ByteBuffer sector = ByteBuffer.allocate(DiskModel.SECTOR);
            file.readFully(0, sector);
            file.write(0, sector.flip());
            file.sync();
        }
        assertBeginsAnew();
    }

    @Test
    void afterOneOfOurProgramsHadTheDirectoryItBeginsAnew() throws IOException {
        endInOrder();
        OfflineAccess.take(disk).close();
        assertThat(notes()).isEmpty();
        assertBeginsAnew();
    }

    @Test
    void afterTheNoteWasDamagedItBeginsAnew() throws IOException {
        endInOrder();
        StoredText.write(disk, notes().get(0), "{\"nodes\":[{\"name\":null}],\"nextByte\":-4}");
        assertBeginsAnew();
    }

    @Test
    void aNoteOfAWorkThatEndedInOrderIsNotBelievedIfItDoesNotTellHowTheParentLooked() throws IOException {
        endInOrder();
        JsonObject note = note();
        note.remove("parentLook");
        StoredText.write(disk, notes().get(0), note.toString());
        assertBeginsAnew();
    }

    /** Leaves a push down half-way and the SR detached. */
    private void endInOrder() throws IOException {
        atLastPiece = () -> sr.repository().garbage().cancel();
        assertThat(sr.collectGarbage().state()).isEqualTo(Job.State.CANCELLED);
        sr.detach(DISK);
        sr.repository().close();
        assertThat(notes()).hasSize(1);
    }

    private void assertBeginsAnew() throws IOException {
        sr.restart(false);
        pieces = 0;
        sr.attach(DISK);
        finish();
        assertThat(pieces).isEqualTo(PIECES);
    }

    private String node() throws IOException {
        return note().getAsJsonArray("nodes")
                .get(0)
                .getAsJsonObject()
                .get("name")
                .getAsString();
    }

    private String parent() throws IOException {
        return note().get("parent").getAsString();
    }

    private JsonObject note() throws IOException {
        return JsonParser.parseString(StoredText.read(disk, notes().get(0)).orElseThrow())
                .getAsJsonObject();
    }
}
