package io.catena.agent.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.SrException;
import io.catena.api.SrNotes;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of followers is read by another host later: a note that says what cannot be is no note that says nothing. */
class FollowersTest {
    private final MemoryNotes notes = new MemoryNotes();

    /** Notes that nobody keeps. */
    private static final class MemoryNotes implements SrNotes {
        private final Map<String, String> texts = new TreeMap<>();

        @Override
        public List<String> names() {
            return List.copyOf(texts.keySet());
        }

        @Override
        public Optional<String> read(String name) {
            return Optional.ofNullable(texts.get(name));
        }

        @Override
        public void write(String name, String text) {
            texts.put(name, text);
        }

        @Override
        public void delete(String name) {
            texts.remove(name);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[null]",
                "[{}]",
                "[{\"vdi\":\"x\",\"holder\":\"@b/h\",\"mode\":\"rw\"}]",
                "[{\"vdi\":\"00000000-0000-0000-0000-000000000001\",\"holder\":\"dom1\",\"mode\":\"rw\"}]",
                "{}",
                "null",
                "",
                "["
            })
    void aDamagedNoteIsToldWithTheWayOut(String text) {
        notes.write("followers.json", text);

        assertThatThrownBy(() -> Followers.read(notes))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("is damaged");
    }

    @Test
    void aGoodNoteGivesRightsByTicketAlone() {
        VdiId disk = new VdiId(new UUID(1, 1));
        notes.write(
                "followers.json",
                "[{\"vdi\":\"" + disk + "\",\"holder\":\"@b/h\",\"mode\":\"rw\",\"active\":\"rw\",\"ticket\":\"t\"}]");
        Followers followers = Followers.read(notes);

        assertThat(followers.all())
                .containsExactly(new Held(disk, "@b/h", AccessMode.READ_WRITE, AccessMode.READ_WRITE, "t"));
        assertThat(followers.isGood(disk, "t")).isTrue();
        assertThat(followers.isGood(disk, "x")).isFalse();
        assertThat(followers.isGood(new VdiId(new UUID(1, 2)), "t")).isFalse();
    }
}
