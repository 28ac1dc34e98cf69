package io.catena.agent.cli.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import io.catena.agent.json.Json;
import org.junit.jupiter.api.Test;

class RbdHintsTest {
    @Test
    void eachPartIsToldAsRbdWouldTellIt() {
        JsonArray ranges = JsonParser.parseString(
                        "[{'offset':0,'lengthBytes':65536},{'offset':8796093022208,'lengthBytes':131072}]"
                                .replace('\'', '"'))
                .getAsJsonArray();

        assertThat(Json.write(RbdHints.of(ranges)))
                .isEqualToIgnoringWhitespace("[{'offset':0,'length':65536,'exists':'true'},"
                        .concat("{'offset':8796093022208,'length':131072,'exists':'true'}]")
                        .replace('\'', '"'));
        assertThat(RbdHints.of(new JsonArray())).isEmpty();
    }
}
