package io.catena.agent.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.Sr;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    private static final String ID = "00000000-0000-0001-0000-000000000002";
    private static final Hold HOLD =
            new Hold(new VdiId(new UUID(1, 2)), "host", AccessMode.READ_WRITE, AccessMode.READ_ONLY);

    private record Timed(Instant at, int count) {
        Timed {
            if (count < 0) {
                throw new IllegalArgumentException("count is " + count);
            }
        }
    }

    @Test
    void idsAreStringsAndModesAreWords() {
        assertThat(Json.write(HOLD)).contains("\"vdi\":\"" + ID + "\"", "\"mode\":\"rw\"", "\"active\":\"ro\"");
        assertThat(Json.read(Json.write(HOLD), Hold.class)).isEqualTo(HOLD);
    }

    @Test
    void anIdIsUnderTheNameOfWhatItIdentifies() {
        Sr sr = new Sr(new SrId(new UUID(1, 2)), "a<b", "/sr", true);
        assertThat(Json.write(sr))
                .contains("\"sr\":\"" + ID + "\"", "\"name\":\"a<b\"")
                .doesNotContain("\"id\"");
        assertThat(Json.read(Json.write(sr), Sr.class)).isEqualTo(sr);
    }

    @Test
    void whatIsNullIsLeftOut() {
        Hold idle = new Hold(HOLD.vdi(), HOLD.holder(), HOLD.mode(), null);
        assertThat(Json.write(idle)).doesNotContain("active", "null");
        assertThat(Json.list(Json.read("[" + Json.write(idle) + "]", JsonElement.class), Hold.class))
                .isEqualTo(List.of(idle));
    }

    @Test
    void instantsAreTexts() {
        assertThat(Json.write(new Timed(Instant.ofEpochSecond(1), 0))).contains("\"1970-01-01T00:00:01Z\"");
        assertThat(Json.read("{\"at\":\"1970-01-01T00:00:01Z\",\"count\":3}", Timed.class))
                .isEqualTo(new Timed(Instant.ofEpochSecond(1), 3));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{at:1}",
                "{} {}",
                "{/*x*/}",
                "{\"at\":\"yesterday\",\"count\":1}",
                "{\"at\":\"1970-01-01T00:00:01Z\",\"count\":-1}",
                "[]"
            })
    void whatIsNoValueOfTheTypeIsRefused(String text) {
        assertThatThrownBy(() -> Json.read(text, Timed.class)).isInstanceOf(JsonParseException.class);
    }

    @Test
    void aWordThatIsNoneOfTheKnownOnesIsToldWithThem() {
        assertThatThrownBy(() -> Json.read("{\"vdi\":\"" + ID + "\",\"holder\":\"h\",\"mode\":\"wo\"}", Hold.class))
                .isInstanceOf(JsonParseException.class)
                .hasMessageContaining("\"wo\" is none of [ro, rw]");
    }

    @Test
    void whatIsNoObjectIsQuotedInShort() {
        assertThat(Json.object("{\"a\":1}").get("a").getAsInt()).isEqualTo(1);
        assertThatThrownBy(() -> Json.object("[\"" + "x".repeat(100) + "\"]"))
                .isInstanceOf(JsonParseException.class)
                .hasMessage("expected a JSON object, found [\"" + "x".repeat(38) + "...");
    }
}
