package io.catena.agent.smapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ways in which XAPI and its plugins name volumes and exports to each other. */
class UriFormsTest {
    private static final VolumeUri VOLUME = new VolumeUri(new SrId(new UUID(1, 2)), new VdiId(new UUID(3, 4)));

    @Test
    void aVolumeIsReadAsItIsWritten() {
        assertThat(VOLUME)
                .hasToString("catena:///00000000-0000-0001-0000-000000000002/00000000-0000-0003-0000-000000000004");
        assertThat(VolumeUri.parse(VOLUME.toString())).isEqualTo(VOLUME);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "catena:///",
                "file:///00000000-0000-0001-0000-000000000002/00000000-0000-0003-0000-000000000004",
                "catena:///00000000-0000-0001-0000-000000000002",
                "catena:///00000000-0000-0001-0000-000000000002/x",
                "catena:///00000000-0000-0001-0000-000000000002/00000000-0000-0003-0000-000000000004/"
            })
    void anythingElseIsNoVolume(String text) {
        assertThatThrownBy(() -> VolumeUri.parse(text))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("\"" + Arguments.abbreviated(text) + "\", expected catena:///SR/VDI");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"nbd+unix:///disk?socket=/run/catena/nbd.sock", "nbd+unix:///a%20b?socket=/run/with%20space%2B"})
    void anExportKeepsItsNameInTheFormWithColons(String uri) {
        String colons = NbdColonForm.of(uri);
        assertThat(colons.split(":", -1)).hasSize(4).startsWith("nbd", "unix");
        assertThat(NbdColonForm.of(NbdColonForm.toUri(colons))).isEqualTo(colons);
    }

    @Test
    void partsAreTakenApartAsXapiDoes() {
        assertThat(NbdColonForm.of("nbd+unix:///disk?socket=/run/catena/nbd.sock"))
                .isEqualTo("nbd:unix:/run/catena/nbd.sock:exportname=disk");
        assertThat(NbdColonForm.toUri("/dev/nbd0")).isEqualTo("/dev/nbd0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"nbd://host/disk", "nbd+unix:///disk", "nbd+unix:///disk?socket=/run/a:b", "/run/catena/nbd.sock"
            })
    void whatWouldBeTakenApartWronglyIsRefused(String uri) {
        assertThatThrownBy(() -> NbdColonForm.of(uri)).isInstanceOf(IllegalArgumentException.class);
    }
}
