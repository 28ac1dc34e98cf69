package io.catena.agent.nbd.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ExportQueryTest {
    @Test
    void decodesNameAndInformations() {
        assertThat(decode("00000002" + "6162" + "0002" + "0003" + "0001"))
                .isEqualTo(new ExportQuery("ab", Set.of(1, 3)));
        assertThat(decode("00000000" + "0000")).isEqualTo(new ExportQuery("", Set.of()));
    }

    @Test
    void lengthsThatDoNotFitAreRefused() {
        assertThat(decode("")).isNull();
        assertThat(decode("0000000000")).isNull();
        assertThat(decode("00000001" + "0000")).isNull();
        assertThat(decode("ffffffff" + "0000")).isNull();
        assertThat(decode("7fffffff" + "0000")).isNull();
        assertThat(decode("00000000" + "0001")).isNull();
        assertThat(decode("00000000" + "0000" + "0001")).isNull();
    }

    @Test
    void anyBytesAreDecodedOrRefused() {
        for (long seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            ByteBuffer data = ByteBuffer.wrap(bytes);
            if (bytes.length >= 6 && random.nextBoolean()) {
                data.putInt(0, random.nextInt(bytes.length));
            }
            try {
                ExportQuery.decode(data);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static @Nullable ExportQuery decode(String hex) {
        return ExportQuery.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    }
}
