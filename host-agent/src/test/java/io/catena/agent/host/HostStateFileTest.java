package io.catena.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.catena.api.AccessMode;
import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostStateFileTest {
    private static final SrId SR = new SrId(new UUID(1, 1));
    private static final VdiId VDI = new VdiId(new UUID(2, 2));
    private static final HostState OLD = HostState.EMPTY.withAttached(SR, "main", "/srv/main");
    private static final HostState NEW = OLD.withHolds(
            SR,
            VDI,
            List.of(new Hold(VDI, "dom1", AccessMode.READ_WRITE, AccessMode.READ_ONLY)),
            Set.of(ExportKind.BLOCK));

    @TempDir
    private Path directory;

    @Test
    void whatWasSavedIsLoaded() throws IOException {
        file().save(NEW);
        assertThat(file().load()).isEqualTo(NEW);
    }

    @Test
    void withoutAFileTheStateIsEmpty() throws IOException {
        assertThat(file().load()).isEqualTo(HostState.EMPTY);
    }

    @Test
    void theFileIsReadableForPeople() throws IOException {
        file().save(NEW);
        assertThat(path())
                .hasContent("{\"srs\":[{\"sr\":\"" + SR
                        + "\",\"name\":\"main\",\"path\":\"/srv/main\",\"attached\":true," + "\"vdis\":[{\"vdi\":\""
                        + VDI + "\",\"mode\":\"rw\",\"holder\":\"dom1\",\"active\":\"ro\",\"as\":[\"block\"]}]}]}");
    }

    @Test
    void aStateFromBeforeHoldersHasAllItsDisksActive() throws IOException {
        Files.writeString(
                path(),
                "{\"srs\":[{\"sr\":\"" + SR + "\",\"name\":\"main\",\"path\":\"/srv/main\",\"attached\":true,"
                        + "\"vdis\":[{\"vdi\":\"" + VDI + "\",\"mode\":\"ro\"}]}]}",
                StandardCharsets.UTF_8);
        assertThat(file().load().srs().get(0).vdis())
                .containsExactly(new HostState.AttachedVdi(
                        VDI, AccessMode.READ_ONLY, Hold.HOST, AccessMode.READ_ONLY, null, null));
    }

    @Test
    void aStateFromBeforeOtherExportsTellsOfBlockDevices() throws IOException {
        String disk = "{\"vdi\":\"" + VDI + "\",\"mode\":\"rw\",\"holder\":\"dom1\",\"active\":\"ro\"";
        Files.writeString(
                path(),
                "{\"srs\":[{\"sr\":\"" + SR + "\",\"name\":\"main\",\"path\":\"/srv/main\",\"attached\":true,\"vdis\":["
                        + disk + ",\"block\":true}," + disk.replace("dom1", "dom2") + ",\"block\":false}]}]}",
                StandardCharsets.UTF_8);

        HostState state = file().load();

        assertThat(state.srs().get(0).vdis())
                .extracting(HostState.AttachedVdi::holder, HostState.AttachedVdi::exports)
                .containsExactly(tuple("dom1", List.of(ExportKind.BLOCK)), tuple("dom2", List.of()));
        assertThat(state.exported(ExportKind.BLOCK)).containsExactly(VDI);
        file().save(state);
        assertThat(file().load()).as("written as new states are").isEqualTo(state);
        assertThat(path()).content().contains("\"as\":[\"block\"]").doesNotContain("\"block\":");
    }

    @Test
    void crashBeforeTheRenameLeavesTheOldState() throws IOException {
        file().save(OLD);
        file().writeDraft(NEW);
        assertThat(file().load()).isEqualTo(OLD);
    }

    @Test
    void crashInTheMiddleOfWritingLeavesTheOldStateAndTheNextSaveWorks() throws IOException {
        file().save(OLD);
        file().writeDraft(NEW);
        Path draft = directory.resolve("state.json.new");
        Files.write(draft, new byte[] {'{', '"', 's'});
        assertThat(file().load()).isEqualTo(OLD);
        file().save(NEW);
        assertThat(file().load()).isEqualTo(NEW);
        assertThat(draft).doesNotExist();
    }

    @Test
    void anythingElseInTheFileIsRefusedNamingIt() throws IOException {
        for (String text :
                new String[] {"", "null", "[]", "{", "{}", "{\"srs\":[{}]}", "{\"srs\":[null]}", "{\"srs\":[]} x"}) {
            Files.writeString(path(), text, StandardCharsets.UTF_8);
            assertThatThrownBy(() -> file().load())
                    .as(text)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(path().toString());
        }
    }

    private HostStateFile file() {
        return new HostStateFile(path());
    }

    private Path path() {
        return directory.resolve("state.json");
    }
}
