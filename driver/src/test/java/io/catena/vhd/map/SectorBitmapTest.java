package io.catena.vhd.map;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a BitSet. */
@Timeout(30)
final class SectorBitmapTest {
    @ParameterizedTest
    @ValueSource(ints = {8, 64, 72, 1024, 4096, 32768})
    void doesWhatASetOfNumbersDoes(int sectors) {
        Random random = new Random(sectors);
        for (int round = 0; round < 20; round++) {
            SectorBitmap bitmap = new SectorBitmap(sectors);
            BitSet expected = new BitSet(sectors);
            for (int i = 0; i < 30; i++) {
                int from = boundary(random, sectors - 1);
                int count = 1 + boundary(random, sectors - from - 1);
                BitSet before = (BitSet) expected.clone();
                SectorBitmap news = new SectorBitmap(sectors);
                bitmap.set(from, count, news);
                expected.set(from, from + count);
                check(bitmap, expected, sectors, random);
                before.xor(expected);
                check(news, before, sectors, random);
                checkWithout(bitmap, news, expected, before, sectors, random);
            }
        }
    }

    /** Half of them at the ends of words, where mistakes are made. */
    private static int boundary(Random random, int max) {
        int value = random.nextInt(max + 1);
        return random.nextBoolean() ? value : value / 64 * 64;
    }

    private static void check(SectorBitmap bitmap, BitSet expected, int sectors, Random random) {
        SectorBitmap decoded = SectorBitmap.decode(bitmap.encode(Math.max(512, sectors / 8)), sectors);
        assertThat(bitmap.isFull()).isEqualTo(expected.cardinality() == sectors);
        assertThat(decoded.isFull()).isEqualTo(bitmap.isFull());
        for (int i = 0; i < 20; i++) {
            int from = boundary(random, sectors - 1);
            int max = 1 + random.nextInt(sectors - from);
            assertThat(bitmap.isSet(from)).isEqualTo(expected.get(from));
            assertThat(bitmap.run(from, max)).isEqualTo(Math.min(max, run(expected, from, sectors)));
            assertThat(decoded.run(from, max)).isEqualTo(bitmap.run(from, max));
            assertThat(bitmap.isSet(from, max)).isEqualTo(expected.nextClearBit(from) >= from + max);
        }
    }

    private static void checkWithout(
            SectorBitmap bitmap, SectorBitmap news, BitSet expected, BitSet added, int sectors, Random random) {
        BitSet rest = (BitSet) expected.clone();
        rest.andNot(added);
        SectorBitmap old = bitmap.without(news);
        check(old, rest, sectors, random);
        old.add(news);
        check(old, expected, sectors, random);
    }

    private static int run(BitSet bits, int from, int sectors) {
        int end = bits.get(from) ? bits.nextClearBit(from) : bits.nextSetBit(from);
        return (end < 0 ? sectors : Math.min(end, sectors)) - from;
    }

    @Test
    void theFirstSectorIsTheMostSignificantBit() {
        SectorBitmap bitmap = new SectorBitmap(4096);
        bitmap.set(0, 1, new SectorBitmap(4096));
        bitmap.set(9, 1, new SectorBitmap(4096));
        ByteBuffer bytes = bitmap.encode(512);
        assertThat(bytes.get(0)).isEqualTo((byte) 0x80);
        assertThat(bytes.get(1)).isEqualTo((byte) 0x40);
    }

    @Test
    void bitsBehindTheLastSectorDoNotCount() {
        ByteBuffer ones = ByteBuffer.allocate(512);
        while (ones.hasRemaining()) {
            ones.put((byte) 0xff);
        }
        SectorBitmap bitmap = SectorBitmap.decode(ones.flip(), 8);
        assertThat(bitmap.isFull()).isTrue();
        assertThat(bitmap.encode(512).getLong(0)).isEqualTo(0xff00_0000_0000_0000L);
    }
}
