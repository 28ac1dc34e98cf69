package io.catena.agent.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.SrLocation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NfsTypeTest {
    private static final String LISTED = "/export/one  10.0.0.0/8,host\n/with blank *\nnot an export";

    private final NfsType type = new NfsType(NfsTypeTest::answer);

    private static Programs.Result answer(Duration limit, List<String> command) {
        boolean known = command.equals(List.of("showmount", "--no-headers", "-e", "filer"));
        return known ? new Programs.Result(0, LISTED) : new Programs.Result(1, "clnt_create: RPC: Unknown host");
    }

    private static SrLocation location(String... keysAndValues) {
        Map<String, String> config = new TreeMap<>(Map.of("server", "filer", "path", "/export"));
        for (int i = 0; i < keysAndValues.length; i += 2) {
            config.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return new SrLocation("nfs", config);
    }

    @Test
    void itIsMountedHardByAVersionThatKnowsOpenFiles() {
        Wanted wanted = type.wanted(location());
        assertThat(wanted.type()).isEqualTo("nfs4");
        assertThat(wanted.source()).isEqualTo("filer:/export");
        assertThat(wanted.options())
                .contains("vers=4.2", "hard", "proto=tcp", "lookupcache=positive")
                .noneMatch(option -> option.startsWith("soft"));
        assertThat(wanted.directory()).isEqualTo("sr");
    }

    @Test
    void theSameExportIsTheSameSourceHoweverItIsWritten() {
        assertThat(type.wanted(location("path", "//export/")).source()).isEqualTo("filer:/export");
        assertThat(type.wanted(location("path", "/")).source()).isEqualTo("filer:/");
    }

    @Test
    void harmlessOptionsAreTheAdmins() {
        assertThat(type.wanted(location("options", "nconnect=4,sec=krb5p", "vers", "4.1"))
                        .options())
                .contains("nconnect=4", "sec=krb5p", "vers=4.1");
        assertThat(type.wanted(location("server", "[fe80::1%eth0]")).options()).contains("proto=tcp6");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "soft",
                "softerr",
                "nolock",
                "local_lock=all",
                "vers=3",
                "lookupcache=all",
                "bg",
                "remount",
                "rbind",
                "nocto",
                "v3",
                "x y",
                "-o",
                "sec=krb5;id",
                "ro",
                "fatal_neterrors=ENETDOWN:ENETUNREACH",
                "uhelper=../../tmp/x",
                "helper=x",
                "addr=10.0.0.9",
                "loop"
            })
    void optionsThatDecideAboutSafetyAreRefused(String option) {
        assertThatThrownBy(() -> type.wanted(location("options", "nconnect=4," + option)))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("\"" + option + "\" is refused");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vers=3",
                "server=-h",
                "server=a b",
                "server=a:/x",
                "path=export",
                "path=/a\nb",
                "directory=..",
                "directory=a/b",
                "directory=",
                "sever=filer"
            })
    void whatIsWrongIsRefusedBeforeAnythingIsMounted(String wrong) {
        String[] pair = wrong.split("=", 2);
        assertThatThrownBy(() -> type.wanted(location(pair[0], pair[1]))).isInstanceOf(SrException.class);
    }

    @Test
    void exportsAreListedWithoutAPathOnly() throws Exception {
        assertThat(type.exports(new SrLocation("nfs", Map.of("server", "filer"))))
                .containsExactly("/export/one", "/with blank");
        assertThat(type.exports(location())).isEmpty();
        assertThatThrownBy(() -> type.exports(new SrLocation("nfs", Map.of("server", "other"))))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("Unknown host");
    }
}
