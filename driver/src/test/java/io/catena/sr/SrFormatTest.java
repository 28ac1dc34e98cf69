package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrChange;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** An SR that a later version has changed in a way that this one would not understand. */
final class SrFormatTest extends RepositoryFixture {
    private Path record() {
        return directory.resolve(".catena/sr.json");
    }

    private void setFormat(int format) throws IOException {
        String text = Files.readString(record());
        Files.writeString(record(), text.replaceFirst("\\{", "{\"format\":" + format + ",\"later\":{},"));
    }

    @Test
    void aLaterFormatIsRefusedAndNotChanged() throws IOException {
        VdiId disk = create("disk");
        sr.close();
        String before = Files.readString(record());
        setFormat(2);
        String later = Files.readString(record());

        assertThatThrownBy(this::attachSr).isInstanceOfSatisfying(SrException.class, refusal -> {
            assertThat(refusal).hasMessageContaining("format 2").hasMessageContaining("up to 1");
            assertThat(String.valueOf(refusal.advice())).contains("Update Catena");
        });

        assertThat(Files.readString(record())).isEqualTo(later);
        Files.writeString(record(), before);
        sr = attachSr();
        write(attach(disk), 0, 7);
    }

    @Test
    void theFormatStaysWhenSettingsChange() throws IOException {
        sr.close();
        setFormat(1);
        sr = attachSr();
        sr.set(new SrChange("other", null, null, null));
        assertThat(Files.readString(record())).contains("\"format\": 1").contains("other");
    }
}
