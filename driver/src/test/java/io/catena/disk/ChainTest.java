package io.catena.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ChainTest {
    @Test
    void eachSectorComesFromTheFirstFileThatHasIt() throws IOException {
        Chain chain = chain(
                new MemoryLayer(6).with(1, "L"),
                new MemoryLayer(6).with(0, "MM").with(4, "M"),
                new MemoryLayer(6).with(1, "BBBB"));
        assertThat(read(chain, 0, 6)).isEqualTo("MLBBM.");
        assertThat(read(chain, 2, 2)).isEqualTo("BB");
    }

    @Test
    void beyondAParentsEndThereAreZeros() throws IOException {
        Chain chain = chain(new MemoryLayer(6).with(5, "L"), new MemoryLayer(3).with(0, "MM"), new MemoryLayer(6));
        assertThat(read(chain, 0, 6)).isEqualTo("MM...L");
    }

    /** What lies below the middle file is not of its disk, so it is not of this one. */
    @Test
    void aShortFileHidesWhatIsBelowItsEnd() throws IOException {
        Chain chain = chain(new MemoryLayer(4), new MemoryLayer(2), new MemoryLayer(4).with(0, "BBBB"));
        assertThat(read(chain, 0, 4)).isEqualTo("BB..");
    }

    @Test
    void aParentMayBeLarger() throws IOException {
        Chain chain = chain(new MemoryLayer(2).with(0, "L"), new MemoryLayer(4).with(0, "BBBB"));
        assertThat(chain.sizeBytes()).isEqualTo(1024);
        assertThat(read(chain, 0, 2)).isEqualTo("LB");
    }

    @Test
    void writesAndFlushesGoToTheLeaf() throws IOException {
        MemoryLayer leaf = new MemoryLayer(2);
        MemoryLayer base = new MemoryLayer(2).with(0, "BB");
        Chain chain = chain(leaf, base);
        ByteBuffer source = ByteBuffer.allocate(512);
        chain.write(512, source);
        chain.flush();
        assertThat(source.hasRemaining()).isFalse();
        assertThat(read(chain, 0, 2)).isEqualTo("B.");
        assertThat(read(chain(base), 0, 2)).isEqualTo("BB");
        assertThat(leaf.flushes).isOne();
        assertThat(base.flushes).isZero();
    }

    @Test
    void anExtentIsAllocatedIfAnyFileHasIt() throws IOException {
        Chain chain = chain(
                new MemoryLayer(8).with(1, "L"),
                new MemoryLayer(6).with(2, "MM"),
                new MemoryLayer(8).with(3, "BB").with(6, "BB"));
        assertThat(chain.extent(0, 8 * 512)).isEqualTo(new Extent(512, false));
        assertThat(chain.extent(512, 7 * 512)).isEqualTo(new Extent(4 * 512, true));
        assertThat(chain.extent(512, 1024)).isEqualTo(new Extent(1024, true));
        assertThat(chain.extent(5 * 512, 3 * 512)).isEqualTo(new Extent(3 * 512, false));
    }

    @Test
    void zerosArePutOnlyWhereAFileHasSomething() throws IOException {
        MemoryLayer leaf = new MemoryLayer(6).with(1, "L");
        Chain chain = chain(leaf, new MemoryLayer(4).with(3, "B"));
        chain.zero(0, 6 * 512, ZeroElision.ALLOWED);
        assertThat(read(chain, 0, 6)).isEqualTo("......");
        assertThat(leaf.run(0, 512)).isNegative();
        assertThat(leaf.run(512, 512)).isPositive();
        assertThat(leaf.run(2 * 512, 512)).isNegative();
        assertThat(leaf.run(3 * 512, 512)).isPositive();
        assertThat(leaf.run(4 * 512, 512)).isNegative();
    }

    @Test
    void onlyAWholeBlockWithDataAndNothingUnderItCanBeGivenUp() throws IOException {
        MemoryLayer leaf = new MemoryLayer(10).with(1, "L").with(5, "L").with(9, "L");
        leaf.blockBytes = 4 * 512;
        Chain chain = chain(leaf, new MemoryLayer(10).with(7, "B"));
        assertThat(chain.canGiveUp(0, 4 * 512)).isTrue();
        assertThat(chain.canGiveUp(0, 3 * 512)).as("not the whole block").isFalse();
        assertThat(chain.canGiveUp(512, 4 * 512)).as("not one block").isFalse();
        assertThat(chain.canGiveUp(4 * 512, 4 * 512)).as("the base would show").isFalse();
        assertThat(chain.canGiveUp(8 * 512, 2 * 512))
                .as("as far as the disk goes")
                .isTrue();
        chain.giveUp(0);
        assertThat(chain.canGiveUp(0, 4 * 512)).as("nothing there any more").isFalse();
        assertThat(read(chain, 0, 10)).isEqualTo(".....L.B.L");
    }

    @Test
    void onlyTheTargetIsFilled() throws IOException {
        ByteBuffer target = ByteBuffer.allocate(2048).position(512).limit(1024);
        chain(new MemoryLayer(4).with(0, "LLLL")).read(0, target);
        assertThat(target.position()).isEqualTo(1024);
        assertThat(target.limit()).isEqualTo(1024);
        assertThat(target.get(1023)).isEqualTo((byte) 'L');
        assertThat(target.array()[1024]).isZero();
        assertThat(target.array()[511]).isZero();
    }

    static Chain chain(MemoryLayer... layers) {
        List<Chain.Node> nodes = new ArrayList<>();
        for (MemoryLayer layer : layers) {
            nodes.add(new Chain.Node("n" + nodes.size(), layer));
        }
        return new Chain(nodes);
    }

    private static String read(Chain chain, int sector, int sectors) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(sectors * 512);
        chain.read(sector * 512L, bytes);
        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < sectors; i++) {
            byte letter = bytes.get(i * 512);
            letters.append(letter == 0 ? '.' : (char) letter);
        }
        return letters.toString();
    }
}
