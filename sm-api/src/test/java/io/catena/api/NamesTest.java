package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How things are named in requests, files and answers. */
final class NamesTest {
    private static final SrId SR = SrId.parse("506d77e6-8905-4f96-98e9-19931bc804a9");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1-1-1-1-1",
                "506d77e6-8905-4f96-98e9-19931bc804a",
                "506d77e689054f9698e919931bc804a9",
                "../x"
            })
    void onlyWholeUuidsAreIds(String text) {
        assertThatThrownBy(() -> VdiId.parse(text))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("\"" + text + "\" is not a UUID");
    }

    @Test
    void idsAreWrittenAsTheyAreRead() {
        assertThat(SR).hasToString("506d77e6-8905-4f96-98e9-19931bc804a9");
        assertThat(SrId.parse("506D77E6-8905-4F96-98E9-19931BC804A9")).isEqualTo(SR);
    }

    @Test
    void aClientsNameIsTheSameDiskWheneverItAsks() {
        VdiId disk = VdiId.ofClientName(SR, "volume-1");

        assertThat(VdiId.ofClientName(SR, "volume-1")).isEqualTo(disk);
        assertThat(VdiId.ofClientName(SR, "volume-2")).isNotEqualTo(disk);
        assertThat(VdiId.ofClientName(new SrId(new UUID(1, 2)), "volume-1")).isNotEqualTo(disk);
    }

    @ParameterizedTest
    @EnumSource
    void aModeIsFoundByItsSymbol(AccessMode mode) {
        assertThat(AccessMode.of(mode.symbol())).isEqualTo(mode);
    }

    @ParameterizedTest
    @EnumSource
    void aWayToReachADiskIsFoundByItsSymbol(ExportKind kind) {
        assertThat(ExportKind.of(kind.symbol())).isEqualTo(kind);
    }

    @ParameterizedTest
    @EnumSource
    void aFormatIsFoundByItsName(StreamFormat format) {
        assertThat(StreamFormat.of(format.text())).isEqualTo(format);
    }

    @Test
    void anUnknownWordIsToldWithThoseThatAreKnown() {
        assertThatThrownBy(() -> ExportKind.of("iscsi")).hasMessageContaining("\"nbd\" or \"block\"");
        assertThatThrownBy(() -> AccessMode.of("w")).hasMessageContaining("\"rw\" or \"ro\"");
    }

    @Test
    void holdersOfOtherHostsAreToldFromOurs() {
        String name = Hold.ofFollower("host2", "dom3");

        assertThat(name).isEqualTo("@host2/dom3");
        assertThat(new Hold(new VdiId(new UUID(1, 2)), name, AccessMode.READ_WRITE, null).isOfFollower())
                .isTrue();
        assertThat(new Hold(new VdiId(new UUID(1, 2)), "dom3", AccessMode.READ_WRITE, null).isOfFollower())
                .isFalse();
    }

    /** XAPI tells errors apart by these; several of ours may share one that its tools know. */
    @Test
    void errorsThatSmKnowsHaveItsNumbers() {
        Map<SrError, Integer> numbers =
                Arrays.stream(SrError.values()).collect(Collectors.toMap(error -> error, SrError::number));

        assertThat(numbers)
                .containsEntry(SrError.VDI_IN_USE, 24)
                .containsEntry(SrError.SR_NO_SPACE, 44)
                .containsEntry(SrError.VDI_UNAVAILABLE, 46)
                .containsEntry(SrError.SR_UNAVAILABLE, 47)
                .containsEntry(SrError.SNAPSHOT_CHAIN_TOO_LONG, 109)
                .containsEntry(SrError.CHANGES_UNKNOWN, 460);
    }
}
