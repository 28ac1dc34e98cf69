package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.VdiId;
import io.catena.harness.sim.Machine;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A file that cannot be read when the SR is attached after a kill harms its own disk alone, and that not for ever. */
class UnreadableDiskTest {
    private static final VdiId BAD = new VdiId(new UUID(5, 0));
    private static final VdiId GOOD = new VdiId(new UUID(5, 1));
    private static final int HEADERS_BYTES = 4096;

    private final Machine machine = new Machine(7);
    private final SimulatedSr sr;

    UnreadableDiskTest() throws IOException {
        sr = new SimulatedSr(machine, 7, call -> true);
        for (VdiId vdi : new VdiId[] {BAD, GOOD}) {
            sr.create(vdi);
            sr.attach(vdi);
            sr.write(vdi);
        }
        machine.kill();
        machine.restart();
    }

    @Test
    void whatGuestsWroteIsThereWhenTheFileCanBeReadAgain() throws IOException {
        byte[] headers = damageHeaders();
        sr.restart(false);
        sr.attach(GOOD);
        assertThat(sr.content(GOOD)).satisfies(content -> sr.model(GOOD).check(content));
        assertThatThrownBy(() -> sr.attach(BAD)).isInstanceOf(SrException.class);
        assertThat(sr.repository().stat().health().reasons())
                .extracting(SrHealth.Reason::kind)
                .contains(SrHealth.Kind.KEPT_REDO_LOG, SrHealth.Kind.UNREADABLE_NODE);

        machine.kill();
        machine.restart();
        write(headers);
        sr.restart(false);
        assertThat(sr.repository().stat().health().state()).isEqualTo(SrHealth.State.HEALTHY);
        assertThat(sr.content(BAD)).satisfies(content -> sr.model(BAD).check(content));
        assertThat(sr.content(GOOD)).satisfies(content -> sr.model(GOOD).check(content));
    }

    private byte[] damageHeaders() throws IOException {
        ByteBuffer headers = ByteBuffer.allocate(HEADERS_BYTES);
        try (BlockFile file = machine.disk("sr").openReadOnly(BAD + ".vhd")) {
            file.readFully(0, headers);
        }
        write(new byte[HEADERS_BYTES]);
        return headers.array();
    }

    private void write(byte[] bytes) throws IOException {
        try (BlockFile file = machine.disk("sr").open(BAD + ".vhd")) {
            file.write(0, ByteBuffer.wrap(bytes));
        }
    }
}
