package io.catena.agent.remedy;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.json.Json;
import io.catena.api.SrHealth;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each face says a call as its users make it. */
final class RemedyWordsTest {
    private static final String SR = "506d77e6-8905-4f96-98e9-19931bc804a9";
    private static final String VDI = "e6183bf1-8519-4f32-90b6-8b53158d0747";

    private static final Remedy DETACH = Remedy.of(Verb.VDI_DETACH, VDI);
    private static final Remedy KEEP =
            Remedy.of(Verb.SR_CHECK, SR).with("repair").with("keep", "FILE").with("acceptLoss");

    @Test
    void theCommandLineHasSubjectsThenOptions() {
        assertThat(CommandWords.of(DETACH)).isEqualTo("catena vdi detach " + VDI);
        assertThat(CommandWords.of(KEEP)).isEqualTo("catena sr check " + SR + " --repair --keep FILE --accept-loss");
        assertThat(CommandWords.of(Remedy.of(Verb.VDI_RESIZE, VDI, 4096)))
                .isEqualTo("catena vdi resize " + VDI + " 4096");
        assertThat(CommandWords.of(Remedy.of(Verb.GC_RUN))).isEqualTo("catena gc run");
    }

    @Test
    void aPathIsOneWordForAShell() {
        assertThat(CommandWords.of(
                        Remedy.of(Verb.SR_ATTACH, "/srv/my sr; rm $(x)'").with("adopt")))
                .isEqualTo("catena sr attach '/srv/my sr; rm $(x)'\\''' --adopt");
    }

    @Test
    void theApiHasRequests() {
        assertThat(ApiWords.of(DETACH)).isEqualTo("POST /v1/vdis/" + VDI + "/detach");
        assertThat(ApiWords.of(KEEP))
                .isEqualTo("POST /v1/srs/" + SR + "/check {\"repair\":true,\"keep\":\"FILE\",\"acceptLoss\":true}");
        assertThat(ApiWords.of(Remedy.of(Verb.VDI_SNAPSHOT, VDI)))
                .isEqualTo("POST /v1/vdis/snapshot {\"vdis\":[\"" + VDI + "\"]}");
        assertThat(ApiWords.of(Remedy.of(Verb.LIBVIRT_DETACH, VDI, "debian")))
                .isEqualTo("POST /v1/guests/debian/detach {\"vdi\":\"" + VDI + "\"}");
        assertThat(ApiWords.of(Remedy.of(Verb.TOKEN_REVOKE, "TOKEN"))).isEqualTo("DELETE /v1/tokens/{token}");
        assertThat(ApiWords.of(Remedy.of(Verb.VDI_RESIZE, VDI, 4096)))
                .isEqualTo("POST /v1/vdis/" + VDI + "/resize {\"sizeBytes\":4096}");
        assertThat(ApiWords.of(Remedy.of(Verb.GC_SET, SR).with("gc", "on")))
                .isEqualTo("POST /v1/srs/" + SR + "/gc/set {\"gc\":true}");
        assertThat(ApiWords.of(Remedy.of(Verb.GC_RUN, "SR").with("wait"))).isEqualTo("POST /v1/srs/{sr}/gc");
    }

    @Test
    void whatTheApiLacksIsDoneOnTheHost() {
        assertThat(ApiWords.of(Remedy.of(Verb.VHD_CHECK, "a.vhd"))).isEqualTo("catena vhd check a.vhd (on the host)");
    }

    @ParameterizedTest
    @EnumSource(Verb.class)
    void everyRequestStandsInTheContract(Verb verb) throws IOException {
        Optional<ApiCall> call = ApiCall.of(new Remedy(verb, Map.of()));
        if (call.isEmpty()) {
            assertThat(verb.isOffline())
                    .as("%s is a call of the API or one upon files", verb)
                    .isTrue();
            return;
        }
        String path = call.get().path().replaceFirst("\\?.*", "");
        assertThat(contract())
                .containsPattern("(?ms)^  " + Pattern.quote(path) + ":\\n(?:    [^\\n]*\\n|\\n)*?    "
                        + call.get().method().toLowerCase(Locale.ROOT) + ":");
    }

    @Test
    void xapiHasXeAndTheHost() {
        assertThat(XapiWords.of(Remedy.of(Verb.VDI_CLONE, VDI))).isEqualTo("xe vdi-clone uuid=" + VDI);
        assertThat(XapiWords.of(DETACH)).startsWith("xe vbd-unplug").contains("vdi-uuid=" + VDI);
        assertThat(XapiWords.of(Remedy.of(Verb.GC_RUN, SR))).isEqualTo("catena gc run " + SR + " (on the host)");
        assertThat(XapiWords.of(Remedy.of(Verb.VDI_CLONE, VDI).with("size", "SIZE")))
                .as("xe cannot do that in one call")
                .isEqualTo("catena vdi clone " + VDI + " --size SIZE (on the host)");
    }

    @Test
    void programsGetTheCallsApart() {
        Advice advice =
                Advice.of("Detach it first: ").then(DETACH).then("; or look: ").then(Remedy.of(Verb.VHD_INFO));

        assertThat(ApiWords.json(advice))
                .hasToString("[{\"verb\":\"vdi detach\",\"arguments\":{\"vdi\":\"" + VDI + "\"},\"method\":\"POST\","
                        + "\"path\":\"/v1/vdis/" + VDI + "/detach\"},{\"verb\":\"vhd info\",\"arguments\":{}}]");
    }

    @Test
    void anAdviceIsOneStringInTheJsonOfEachFace() {
        SrHealth health = SrHealth.of(List.of(new SrHealth.Reason(
                SrHealth.Kind.LOW_SPACE, "full", Advice.of("Run: ").then(Remedy.of(Verb.GC_RUN, SR)))));

        assertThat(Json.write(health)).contains("\"cure\":\"Run: catena gc run " + SR + "\"");
        assertThat(Json.writeForApi(health)).contains("\"cure\":\"Run: POST /v1/srs/" + SR + "/gc\"");
        SrHealth read = Json.read(Json.write(health), SrHealth.class);
        assertThat(CommandWords.of(read.reasons().get(0).cure())).isEqualTo("Run: catena gc run " + SR);
    }

    private static String contract() throws IOException {
        try (InputStream in = Objects.requireNonNull(
                RemedyWordsTest.class.getResourceAsStream("/io/catena/agent/api/openapi.yaml"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
