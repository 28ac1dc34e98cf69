package io.catena.agent.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import org.junit.jupiter.api.Test;

/** Nobody takes all places. */
class CallerSharesTest {
    private static final Caller ANN = new Caller("token ann", Role.OPERATOR, "tls 10.0.0.7");
    private static final Caller BEN = new Caller("token ben", Role.OPERATOR, "tls 10.0.0.7");
    private static final Caller EVE = new Caller("token eve", Role.OPERATOR, "tls 10.0.0.8");

    private final CallerShares shares = new CallerShares("disks are imported", 3, 2);

    @Test
    void oneCallerLeavesPlacesToOthers() {
        shares.take(ANN);
        shares.take(ANN);

        assertThatThrownBy(() -> shares.take(ANN))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("2 disks are imported for token ann already, and no caller may have more");
        assertThat(shares.tryToTake(BEN)).isNotNull();
        assertThatThrownBy(() -> shares.take(EVE))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("3 disks are imported already");
    }

    @Test
    void aPlaceIsGivenBackOnce() {
        CallerShares.Place first = shares.take(ANN);
        shares.take(ANN);
        first.close();
        first.close();

        assertThat(shares.tryToTake(ANN)).isNotNull();
        assertThat(shares.tryToTake(ANN)).isNull();
        assertThat(shares.tryToTake(BEN)).isNotNull();
        assertThat(shares.tryToTake(BEN)).isNull();
    }
}
