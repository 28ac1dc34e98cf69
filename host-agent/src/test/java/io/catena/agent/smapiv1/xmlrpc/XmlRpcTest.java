package io.catena.agent.smapiv1.xmlrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes from XAPI and from whoever else may write to the agent. */
final class XmlRpcTest {
    private static final int ROUNDS = 3_000;

    @TempDir
    Path directory;

    @Test
    void textIsReadWithAndWithoutAType() {
        XmlRpcCall call = call("<value/><value></value><value> a&lt;b\n</value><value><string>c</string></value>"
                + "<value><string/></value><value>\n <i4>7</i4>\n</value><value><boolean>1</boolean></value>"
                + "<value><nil/></value><value><![CDATA[x<y]]></value><value>a<!-- no -->b</value>");
        assertThat(call.method()).isEqualTo("m");
        assertThat(call.params().get(0).asItems())
                .containsExactly(
                        XmlRpcValue.of(""),
                        XmlRpcValue.of(""),
                        XmlRpcValue.of(" a<b\n"),
                        XmlRpcValue.of("c"),
                        XmlRpcValue.of(""),
                        new XmlRpcValue.Int(7),
                        XmlRpcValue.of(true),
                        XmlRpcValue.nil(),
                        XmlRpcValue.of("x<y"),
                        XmlRpcValue.of("ab"));
    }

    @Test
    void nothingOutsideOfTheDocumentIsRead() throws IOException {
        Path secret = Files.writeString(directory.resolve("secret"), "secret");
        for (String type : List.of(
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"" + secret.toUri() + "\">]>",
                "<!DOCTYPE x SYSTEM \"" + secret.toUri() + "\">",
                "<!DOCTYPE x [<!ENTITY e \"secret\">]>")) {
            String xml = type + "<methodCall><methodName>&e;</methodName></methodCall>";
            assertThatThrownBy(() -> XmlRpcCall.read(bytes(xml))).isInstanceOf(XmlRpcException.class);
        }
    }

    @Test
    void whatIsNoCallIsRefused() {
        for (String xml : List.of(
                "",
                "<",
                "<nonsense",
                "<methodCall/>",
                "<methodCall><methodName>m</methodName></methodCall><more/>",
                "<methodCall><methodName>m</methodName>text</methodCall>",
                "<methodCall><methodName>m</methodName><params><param><value><int>x</int></value></param></params>"
                        + "</methodCall>",
                "<methodCall><methodName>m</methodName><params><param><value><other/></value></param></params>"
                        + "</methodCall>")) {
            assertThatThrownBy(() -> XmlRpcCall.read(bytes(xml))).as(xml).isInstanceOf(XmlRpcException.class);
        }
        String deep = "<value><array><data>".repeat(10_000);
        assertThatThrownBy(() -> XmlRpcCall.read(bytes("<methodCall><methodName>m</methodName><params><param>" + deep)))
                .hasMessageContaining("nested");
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        Random random = new Random(17);
        for (int i = 0; i < 200; i++) {
            XmlRpcValue value = value(random, 0);
            assertThat(XmlRpcAnswer.read(bytes(XmlRpcAnswer.of(value).text()))).isEqualTo(XmlRpcAnswer.of(value));
            XmlRpcCall call = new XmlRpcCall("vdi_create", List.of(value, XmlRpcValue.of("x")));
            assertThat(XmlRpcCall.read(call.write())).isEqualTo(call);
        }
    }

    @Test
    void anyBytesAreReadOrRefused() {
        Random random = new Random(4711);
        for (int i = 0; i < ROUNDS; i++) {
            byte[] bytes = new XmlRpcCall("m", List.of(value(random, 0))).write();
            for (int flips = random.nextInt(6); flips >= 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            try {
                XmlRpcCall.read(random.nextBoolean() ? bytes : cut);
            } catch (XmlRpcException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    private static XmlRpcValue value(Random random, int depth) {
        return switch (random.nextInt(depth > 4 ? 5 : 7)) {
            case 0 -> XmlRpcValue.of(random.nextBoolean());
            case 1 -> new XmlRpcValue.Int(random.nextInt());
            case 2 -> XmlRpcValue.nil();
            case 3 -> new XmlRpcValue.Time("19700101T00:00:00Z");
            case 4 -> XmlRpcValue.of(text(random));
            case 5 -> {
                List<XmlRpcValue> items = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    items.add(value(random, depth + 1));
                }
                yield new XmlRpcValue.Items(items);
            }
            default -> {
                Map<String, XmlRpcValue> members = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    members.put(text(random), value(random, depth + 1));
                }
                yield new XmlRpcValue.Struct(members);
            }
        };
    }

    private static String text(Random random) {
        String characters = "ab <>&'\"\r\n\t€😀]]>";
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(9); i > 0; i--) {
            int at = random.nextInt(characters.codePointCount(0, characters.length()));
            text.appendCodePoint(characters.codePointAt(characters.offsetByCodePoints(0, at)));
        }
        return text.toString();
    }

    private static XmlRpcCall call(String items) {
        return XmlRpcCall.read(bytes("<?xml version=\"1.0\"?><methodCall><methodName>m</methodName><params><param>"
                + "<value><array><data>" + items + "</data></array></value></param></params></methodCall>\n"));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
