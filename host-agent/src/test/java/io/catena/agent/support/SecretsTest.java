package io.catena.agent.support;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "libvirt = \"qemu+tcp://root:hush@host/system\"",
                "Authorization: Bearer hushhushhush",
                "api-password = \"hush\"",
                "{\"password\":\"a \\\" hush\",\"name\":\"disk\"}",
                "token=hush, path=/srv",
                "mount -o username=joe,password=hush,vers=3",
                "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----",
                "-----BEGIN RSA PRIVATE KEY-----\nhush"
            })
    void secretsAreHidden(String text) {
        assertThat(Secrets.hidden(text)).doesNotContain("hush").contains("***");
    }

    @Test
    void allElseStays() {
        String text =
                "path=/srv/a:b vdi=\"disk\" nbd+unix:///disk?socket=/run/catena/nbd.sock api-key = \"/etc/catena/tls/api.key\"\n"
                        + "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        assertThat(Secrets.hidden(text)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", ":", "\\\\\"", "://:", "token\"", " "})
    @Timeout(20)
    void aLongTextTakesNoTimeAndNoStack(String part) {
        String text = "\"token\":\"" + part.repeat(1 << 19) + "\" " + part.repeat(1 << 19);

        assertThat(Secrets.hidden(text)).startsWith("\"token\":\"***\"");
    }
}
