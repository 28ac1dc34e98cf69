package io.catena.agent.nbd.aside;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlowReadsTest {
    private static final long MILLISECOND = 1_000_000;

    private final SlowReads reads = new SlowReads();

    @Test
    void oneSlowReadMayBeTheProcessorsFaultTwoAreTheDisks() {
        reads.took(MILLISECOND, 4096);
        assertThat(reads.areToBeExpected()).isFalse();
        reads.took(MILLISECOND, 4096);
        assertThat(reads.areToBeExpected()).isTrue();
    }

    @Test
    void fastReadsAreForgottenAndLetReadsStayWhereTheyAre() {
        for (int i = 0; i < 100; i++) {
            reads.took(MILLISECOND, 4096);
        }
        for (int i = 0; i < 32; i++) {
            reads.took(3000, 4096);
        }
        assertThat(reads.areToBeExpected()).isFalse();
    }

    @Test
    void largeReadsMayTakeLonger() {
        reads.took(MILLISECOND / 2, 1 << 20);
        reads.took(MILLISECOND / 2, 1 << 20);
        assertThat(reads.areToBeExpected()).isFalse();
    }
}
