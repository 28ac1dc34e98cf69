package io.catena.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostStateFileTest {
    private static final SrId SR = new SrId(new UUID(1, 1));
    private static final VdiId VDI = new VdiId(new UUID(2, 2));
    private static final HostState OLD = HostState.EMPTY.withAttached(SR, "main", "/srv/main");
    private static final HostState NEW = OLD.withAttached(SR, VDI, AccessMode.READ_WRITE, true);

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
                .hasContent(
                        "{\"srs\":[{\"sr\":\"" + SR + "\",\"name\":\"main\",\"path\":\"/srv/main\",\"attached\":true,"
                                + "\"vdis\":[{\"vdi\":\"" + VDI + "\",\"mode\":\"rw\",\"block\":true}]}]}");
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
