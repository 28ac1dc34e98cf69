package io.catena.agent.smapi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentsTest {
    @Test
    void namesAreInUpperOrLowerCaseAndUnknownOnesAreIgnored() {
        Arguments arguments = of("{\"SR\":\"a\",\"Key\":\"b\",\"dbg\":null}");
        assertThat(arguments.string("sr")).isEqualTo("a");
        assertThat(arguments.string("key")).isEqualTo("b");
    }

    @Test
    void aNumberOf64BitsIsAnIntegerOrItsDigits() {
        Arguments arguments = of("{\"a\":9223372036854775807,\"b\":\"-9223372036854775808\"}");
        assertThat(arguments.int64("a")).isEqualTo(Long.MAX_VALUE);
        assertThat(arguments.int64("b")).isEqualTo(Long.MIN_VALUE);
    }

    @ParameterizedTest
    @CsvSource({
        "9223372036854775808, an integer of 64 bits",
        "1.5, an integer",
        "1e3, an integer",
        "true, an integer",
        "[1], an integer"
    })
    void anythingElseIsRefusedAndTheArgumentNamed(String value, String expected) {
        assertRefused(
                () -> of("{\"size\":" + value + "}").int64("size"), "\"size\" is " + value + ", expected " + expected);
    }

    @Test
    void whatIsMissingIsNamed() {
        assertRefused(() -> of("{}").string("sr"), "The argument \"sr\" is missing");
        assertRefused(() -> of("{\"sr\":7}").string("sr"), "\"sr\" is 7, expected a string");
        assertRefused(() -> of("{\"flag\":\"true\"}").flag("flag"), "expected true or false");
    }

    @Test
    void keysAreStrings() {
        assertThat(of("{\"c\":{\"x\":\"1\",\"y\":\"\"}}").strings("c")).isEqualTo(Map.of("x", "1", "y", ""));
        assertRefused(() -> of("{\"c\":{\"x\":1}}").strings("c"), "expected an object of strings");
        assertRefused(() -> of("{\"c\":[]}").strings("c"), "expected an object of strings");
    }

    @Test
    void aVariantIsATagAndAString() {
        assertThat(of("{\"v\":[\"Full\",\"x\"]}").variant("v")).isEqualTo(new Arguments.Variant("Full", "x"));
        assertRefused(() -> of("{\"v\":[\"Full\"]}").variant("v"), "expected a tag and a string");
        assertRefused(() -> of("{\"v\":[\"Full\",1]}").variant("v"), "expected a tag and a string");
    }

    @Test
    void blocksAreRangesOfASize() {
        assertThat(of("{\"b\":{\"blocksize\":\"65536\",\"ranges\":[[0,2],[\"7\",1]]}}")
                        .blocks("b"))
                .isEqualTo(new Arguments.Blocks(65536, List.of(List.of(0L, 2L), List.of(7L, 1L))));
        assertRefused(() -> of("{\"b\":{\"blocksize\":1,\"ranges\":[[1]]}}").blocks("b"), "expected a list of pairs");
    }

    @Test
    void whatCannotBeStoredAsUtf8IsRefused() {
        assertRefused(() -> of("{\"name\":\"\\ud800\"}").string("name"), "");
        assertRefused(() -> new Arguments(ByteBuffer.wrap(new byte[] {'"', (byte) 0xff, '"'})), "not UTF-8");
    }

    @Test
    void whatIsNoObjectIsQuotedInShort() {
        assertRefused(() -> of("[1]"), "The arguments are not a JSON object");
        assertThat(Arguments.abbreviated("x".repeat(81))).isEqualTo("x".repeat(80) + "...");
    }

    private static Arguments of(String json) {
        return new Arguments(ByteBuffer.wrap(json.getBytes(UTF_8)));
    }

    private static void assertRefused(ThrowingCallable call, String detail) {
        assertThatThrownBy(call).isInstanceOfSatisfying(SrException.class, e -> {
            assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST);
            assertThat(e.detail()).contains(detail);
        });
    }
}
