package io.catena.remedy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AdviceTest {
    private static final Remedy DETACH = Remedy.of(Verb.VDI_DETACH, "disk").with("force");

    @Test
    void eachFaceSaysACallInItsOwnWords() {
        Advice advice = Advice.of("Detach it first: ").then(DETACH).then(".");

        assertThat(advice.text(call -> "POST /" + call.verb().text().replace(' ', '/')))
                .isEqualTo("Detach it first: POST /vdi/detach.");
    }

    @Test
    void theCallsOfASentenceAreToldInTheirOrder() {
        Remedy list = Remedy.of(Verb.VDI_LS);
        Advice advice = Advice.of("See ").then(list).then(Advice.of(", then ").then(DETACH));

        assertThat(advice.remedies()).containsExactly(list, DETACH);
    }

    @Test
    void argumentsKeepTheirOrder() {
        assertThat(Remedy.of(Verb.VDI_RESIZE, "disk", 2048).with("online").arguments())
                .hasToString("{vdi=disk, size=2048, online=true}");
    }

    @Test
    void onlyTheToolsForFilesNeedNoAgent() {
        assertThat(Verb.VHD_REPAIR.isOffline()).isTrue();
        assertThat(Verb.SR_CHECK.isOffline()).isFalse();
    }
}
