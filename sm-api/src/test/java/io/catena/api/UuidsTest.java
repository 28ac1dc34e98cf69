package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UuidsTest {
    @Test
    void idsAreInTheOrderOfTheirTexts() {
        Random random = new Random(1);
        List<VdiId> ids = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            long high = i % 3 == 0 ? 7 : random.nextLong();
            ids.add(new VdiId(new UUID(high, random.nextLong())));
        }
        assertThat(ids.stream().sorted().toList())
                .isEqualTo(ids.stream()
                        .sorted(Comparator.comparing(VdiId::toString))
                        .toList());
        VdiId one = ids.get(0);
        assertThat(one.compareTo(new VdiId(UUID.fromString(one.toString())))).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2b51c906-84ee-4a60-a320-c551ca622bd1", "2B51C906-84EE-4a60-A320-C551CA622BD1"})
    void hexDigitsOfEitherCaseAreAUuid(String text) {
        assertThat(Uuids.isUuid(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1-1-1-1-1",
                "2b51c906-84ee-4a60-a320-c551ca622bd",
                "2b51c906-84ee-4a60-a320-c551ca622bd1a",
                "2b51c906-84ee-4a60-a320+c551ca622bd1",
                "2b51c90684ee--4a60-a320-c551ca622bd1",
                "2b51c906-84ee-4a60-a320-c551ca622bdg",
                "2b51c906-84ee-4a60-a320-c551ca622bd\u0661"
            })
    void nothingElseIs(String text) {
        assertThat(Uuids.isUuid(text)).isFalse();
    }
}
