package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our own type checker against examples that the real one accepted, and against what it is known to refuse. */
final class SmapiTypesTest {
    @Test
    void allExamplesAreWellTyped() throws IOException {
        List<Example> examples = Example.all();
        assertThat(examples).hasSize(68);
        for (Example example : examples) {
            assertThat(SmapiTypes.inArguments(example.method(), example.stdin()))
                    .isEmpty();
            assertThat(problem(example, example.stdout())).isEmpty();
        }
    }

    @Test
    void anObjectWithoutOneOfItsMandatoryFieldsIsRefused() throws IOException {
        List<String> optional = List.of("uuid", "sr", "volume_type", "cbt_enabled", "progress", "result");
        int refused = 0;
        for (Example example : Example.all()) {
            if (!(example.stdout() instanceof JsonObject object)
                    || example.method().equals("SR.create")) {
                continue;
            }
            for (String name : object.keySet()) {
                JsonObject without = object.deepCopy();
                without.remove(name);
                boolean mandatory = !optional.contains(name)
                        || (name.equals("sr") && example.method().equals("SR.stat"));
                assertThat(problem(example, without).isPresent())
                        .as("%s without %s", example, name)
                        .isEqualTo(mandatory);
                JsonObject withNull = object.deepCopy();
                withNull.add(name, JsonNull.INSTANCE);
                assertThat(problem(example, withNull))
                        .as("%s with null for %s", example, name)
                        .isPresent();
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(50);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SR.stat     | health           | \"Healthy\"",
                "SR.stat     | health           | [\"Healthy\"]",
                "SR.stat     | health           | [\"Fine\",\"\"]",
                "SR.stat     | free_space       | 1.0",
                "SR.stat     | free_space       | 9223372036854775808",
                "SR.stat     | free_space       | \"1\"",
                "SR.stat     | clustered        | \"false\"",
                "Volume.stat | keys             | []",
                "Volume.stat | keys             | {\"a\":1}",
                "Volume.stat | uri              | \"catena:///a/b\"",
                "Volume.stat | volume_type      | [\"Data\",\"\"]",
                "Volume.stat | unknown          | 1",
                "Datapath.attach | implementations | [[\"Vhost\",{}]]",
                "Datapath.attach | implementations | [[\"Nbd\",{}]]",
            })
    void aValueOfAnotherTypeIsRefused(String method, String field, String value) throws IOException {
        Example example = Example.all().stream()
                .filter(one -> one.method().equals(method) && one.exit() == 0)
                .findFirst()
                .orElseThrow();
        JsonObject changed = example.stdout().getAsJsonObject().deepCopy();
        assertThat(problem(example, changed)).isEmpty();
        changed.add(field, JsonParser.parseString(value));
        assertThat(problem(example, changed)).isPresent();
    }

    @Test
    void aResultOfUnitIsNullAndNothingElse() {
        assertThat(SmapiTypes.inResult("SR.detach", JsonNull.INSTANCE)).isEmpty();
        for (JsonElement other : List.of(new JsonObject(), new JsonArray(), new JsonPrimitive(""))) {
            assertThat(SmapiTypes.inResult("SR.detach", other)).isPresent();
        }
    }

    private static Optional<String> problem(Example example, JsonElement stdout) {
        return example.exit() == 0 ? SmapiTypes.inResult(example.method(), stdout) : SmapiTypes.inFailure(stdout);
    }
}
