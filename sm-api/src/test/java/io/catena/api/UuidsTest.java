package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

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
}
