package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.Role;
import io.catena.harness.api.ApiFixture.Answer;
import io.catena.harness.api.Contract.Operation;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each role at each operation of {@code openapi.yaml}, whether a certificate, a token or a token for one SR gives it. */
@Timeout(300)
@Tag("slow")
class RolesTest {
    private static final String GONE = "00000000-0000-4000-8000-000000000000";

    private final ApiFixture api;
    private final Contract contract;
    private final String admin;

    RolesTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        admin = api.token(Role.ADMIN);
        contract = new Contract(api.get("", "/v1/openapi.yaml").body());
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void aTokenMayWhatItsRoleMay() throws IOException {
        for (Role role : Role.values()) {
            assertMatrix(api.client(), api.token(role), role);
        }
    }

    @Test
    void aCertificateMayWhatTheRoleOfItsNameMay() throws IOException {
        for (Role role : Role.values()) {
            String name = role.text() + "-host";
            api.certificates.certify(role.text(), name);
            assertThat(api.ask("PUT", admin, "/v1/clients/" + name, "{'role':'" + role.text() + "'}")
                            .status())
                    .isEqualTo(200);
            assertMatrix(api.client(role.text()), "", role);
        }
    }

    /** A role that is taken away, or another one, counts from the next request on, on a connection that is open. */
    @Test
    void aChangeOfRoleCountsOnOpenConnections() throws IOException {
        HttpClient client = api.client("client");
        assertThat(status(client, "/v1/audit")).isEqualTo(403);
        api.ask("PUT", admin, "/v1/clients/backup-node", "{'role':'admin'}");
        api.certificates.certify("node", "backup-node");
        HttpClient node = api.client("node");
        assertThat(status(node, "/v1/audit")).isEqualTo(200);
        api.ask("PUT", admin, "/v1/clients/backup-node", "{'role':'viewer'}");
        assertThat(status(node, "/v1/audit")).isEqualTo(403);
        api.ask("DELETE", admin, "/v1/clients/backup-node", null);
        assertThat(status(node, "/v1/srs")).isEqualTo(401);
    }

    /** Whoever may do everything in one SR can do nothing to another, nor learn that it is there. */
    @Test
    void whoHasOneSrReachesNoOther() throws IOException {
        api.sr("mine");
        String other = api.sr("other");
        String vdi = api.ask("POST", admin, "/v1/srs/" + other + "/vdis", "{'sizeBytes':2097152,'name':'secret'}")
                .text("vdi");
        api.ask(
                "POST",
                admin,
                "/v1/schedules",
                "{'name':'nightly','sr':'" + other + "','cron':'30 2 * * *','keepLast':3}");
        String before = state(other);
        String scoped = api.token(Role.PEER, "mine");
        List<String> faults = new ArrayList<>();
        for (Operation operation : contract.operations()) {
            String path = path(operation, other, vdi);
            if (!path.equals(operation.pattern())) {
                Answer answer = api.ask(
                        operation.method(), scoped, path, operation.hasBody() ? "{'vdis':['" + vdi + "']}" : null);
                boolean done = answer.status() < 400 && !answer.body().isEmpty();
                if (done || answer.body().contains("secret")) {
                    faults.add(operation.id() + ": " + answer.status() + " " + answer.body());
                }
            }
        }

        assertThat(faults).isEmpty();
        assertThat(state(other)).isEqualTo(before);
        assertThat(api.get(scoped, "/v1/events").body()).doesNotContain(other);
        assertThat(api.get(scoped, "/v1/jobs").body()).doesNotContain(other);
    }

    private String state(String sr) throws IOException {
        return api.get(admin, "/v1/srs/" + sr + "/vdis").body()
                + api.get(admin, "/v1/schedules").body();
    }

    private int status(HttpClient by, String path) throws IOException {
        return api.ask(by, "GET", "", path, null).status();
    }

    /** Refused with 403 exactly if the contract says so, whatever else is wrong with a request. */
    private void assertMatrix(HttpClient by, String token, Role role) throws IOException {
        List<String> faults = new ArrayList<>();
        for (Operation operation : contract.operations()) {
            String path = path(operation, GONE, GONE);
            Answer answer = api.ask(by, operation.method(), token, path, operation.hasBody() ? "{}" : null);
            boolean refused = answer.status() == 403;
            if (refused == role.includes(operation.role()) || answer.status() == 401 || answer.status() == 500) {
                faults.add(operation.id() + " as " + role.text() + ": " + answer.status() + " " + answer.body());
            }
        }
        assertThat(faults).isEmpty();
    }

    private static String path(Operation operation, String sr, String vdi) {
        return operation
                .pattern()
                .replace("{sr}", sr)
                .replace("{vdi}", vdi)
                .replace("{job}", "1")
                .replace("{schedule}", "nightly")
                .replaceAll("\\{\\w+}", GONE);
    }
}
