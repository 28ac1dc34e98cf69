package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.nbd.context.Changes;
import io.catena.agent.nbd.context.Contexts;
import io.catena.agent.nbd.context.MetaContext;
import io.catena.agent.nbd.wire.Command;
import io.catena.agent.nbd.wire.NbdErrno;
import io.catena.agent.nbd.wire.NbdProtocolException;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import io.catena.disk.RequestMeter;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestTest {
    private static final long SIZE_BYTES = 1 << 20;

    @Test
    void decodesEachFieldFromItsPlace() throws NbdProtocolException {
        byte[] wire = HexFormat.of()
                .parseHex("25609513" + "0001" + "0001" + "1122334455667788" + "0000000000001000" + "ffffffff");

        assertThat(Request.decode(ByteBuffer.wrap(wire)))
                .isEqualTo(new Request(1, Command.WRITE, 0x1122334455667788L, 4096, 0xffffffffL));
    }

    @Test
    void anotherMagicNumberIsAViolationThatNamesBoth() {
        assertThatThrownBy(() -> Request.decode(ByteBuffer.allocate(28)))
                .isInstanceOf(NbdProtocolException.class)
                .hasMessageContaining("0x00000000")
                .hasMessageContaining("0x25609513");
    }

    @ParameterizedTest(name = "{0} flags {1} offset {2} length {3}: {4}")
    @CsvSource({
        "READ, 0, 0, 512, OK",
        "READ, 0, 1048064, 512, OK",
        "READ, 0, 7, 13, OK",
        "READ, 1, 0, 512, OK",
        "READ, 0, 1048576, 0, OK",
        "READ, 0, 1048065, 512, EINVAL",
        "READ, 0, 1048577, 0, EINVAL",
        "READ, 0, -1, 1, EINVAL",
        "READ, 0, 9223372036854775807, 512, EINVAL",
        "READ, 0, 0, 4294967295, EINVAL",
        "READ, 4, 0, 512, EINVAL",
        "WRITE, 0, 0, 512, OK",
        "WRITE, 1, 0, 512, OK",
        "WRITE, 2, 0, 512, EINVAL",
        "WRITE, 0, 1048065, 512, ENOSPC",
        "WRITE, 0, -512, 512, ENOSPC",
        "WRITE, 0, 0, 33554433, EINVAL",
        "READ, 3, 0, 512, EINVAL",
        "READ, 8, 0, 512, EINVAL",
        "TRIM, 0, 0, 512, OK",
        "TRIM, 1, 7, 1048569, OK",
        "TRIM, 0, 0, 0, OK",
        "TRIM, 2, 0, 512, EINVAL",
        "TRIM, 0, 1048065, 512, EINVAL",
        "TRIM, 0, 0, 4294967295, EINVAL",
        "WRITE_ZEROES, 0, 0, 1048576, OK",
        "WRITE_ZEROES, 19, 0, 512, OK",
        "WRITE_ZEROES, 4, 0, 512, EINVAL",
        "WRITE_ZEROES, 8, 0, 512, EINVAL",
        "WRITE_ZEROES, 0, 1048065, 512, ENOSPC",
        "WRITE_ZEROES, 0, -1, 1, ENOSPC",
        "CACHE, 0, 0, 1048576, OK",
        "CACHE, 2, 0, 512, EINVAL",
        "CACHE, 0, 1, 1048576, EINVAL",
        "BLOCK_STATUS, 0, 0, 512, EINVAL",
        "FLUSH, 0, 0, 0, OK",
        "FLUSH, 1, 0, 0, OK",
        "FLUSH, 0, 512, 0, EINVAL",
        "FLUSH, 0, 0, 512, EINVAL",
        "UNKNOWN, 0, 0, 0, EINVAL",
    })
    void isValidatedAgainstTheDisk(Command command, int flags, long offset, long lengthBytes, NbdErrno expected) {
        assertThat(new Request(flags, command, 0, offset, lengthBytes)
                        .validate(SIZE_BYTES, agreement(AccessMode.READ_WRITE, false)))
                .isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} flags {1} offset {2} length {3}: {4}")
    @CsvSource({
        "READ, 4, 0, 512, OK",
        "READ, 4, 0, 33554433, EINVAL",
        "READ, 8, 0, 512, EINVAL",
        "BLOCK_STATUS, 0, 0, 1048576, OK",
        "BLOCK_STATUS, 8, 512, 1, OK",
        "BLOCK_STATUS, 4, 0, 512, EINVAL",
        "BLOCK_STATUS, 0, 0, 0, EINVAL",
        "BLOCK_STATUS, 0, 1048575, 2, EINVAL",
    })
    void moreIsValidForThoseWhoUseStructuredReplies(
            Command command, int flags, long offset, long lengthBytes, NbdErrno expected) {
        assertThat(new Request(flags, command, 0, offset, lengthBytes)
                        .validate(SIZE_BYTES, agreement(AccessMode.READ_WRITE, true)))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "READ, OK",
        "WRITE, EPERM",
        "TRIM, EPERM",
        "WRITE_ZEROES, EPERM",
        "CACHE, OK",
        "BLOCK_STATUS, OK",
        "UNKNOWN, EINVAL"
    })
    void aReadOnlyDiskIsNotChanged(Command command, NbdErrno expected) {
        assertThat(new Request(0, command, 0, 0, 512).validate(SIZE_BYTES, agreement(AccessMode.READ_ONLY, true)))
                .isEqualTo(expected);
    }

    private static Agreement agreement(AccessMode mode, boolean structured) {
        VdiId vdi = new VdiId(new UUID(0x4000L, 0x8000_0000_0000_0000L));
        NbdExport export = new NbdExport(vdi, mode, new ByteArrayDisk(0), new ConnectionSet(), RequestMeter.NONE);
        List<MetaContext> contexts = new Contexts()
                .set(
                        new Contexts.Exported(export, vdi, export.device()),
                        Changes.NONE,
                        structured ? List.of("base:allocation") : List.of());
        return new Agreement(export, structured, contexts, false);
    }

    @Test
    void everyOtherCommandNumberIsUnknown() {
        assertThat(Command.of(7)).isEqualTo(Command.BLOCK_STATUS);
        for (int number = 8; number <= 0xffff; number++) {
            assertThat(Command.of(number)).isEqualTo(Command.UNKNOWN);
        }
    }
}
