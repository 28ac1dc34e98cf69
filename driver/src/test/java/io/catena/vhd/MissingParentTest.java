package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MissingParentTest {
    /** What is wrong with each of thousands of files is kept. */
    @Test
    void namesOfThousandsOfCharactersAreNotToldInFull() {
        Set<String> names = new LinkedHashSet<>();
        for (int i = 0; i < 16; i++) {
            names.add(i + "x".repeat(8000));
        }
        String found = "; " + "y".repeat(100_000);

        MissingParentException e = new MissingParentException("child.vhd", new UUID(1, 2), names, found);

        assertThat(e)
                .message()
                .hasSizeLessThan(1200)
                .startsWith("child.vhd: no parent with id")
                .contains("0xxx", "yyy");
    }
}
