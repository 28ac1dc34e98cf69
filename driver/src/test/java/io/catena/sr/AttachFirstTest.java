package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import io.catena.sr.open.Wanted;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that guests wait for come before what an attach notes of all. */
class AttachFirstTest {
    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private DirectorySr files;
    private VdiId disk;

    @BeforeEach
    void makeADiskWhoseRecordNamesNoFile() throws IOException {
        files = new DirectorySr(directory, redo);
        try (VhdRepository sr = files.create()) {
            disk = DirectorySr.disk(sr);
        }
        Path record = files.file(SrFiles.vdiRecord(disk));
        JsonObject fields = JsonParser.parseString(Files.readString(record)).getAsJsonObject();
        fields.remove("file");
        Files.writeString(record, fields.toString());
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void whatAnAttachNotesOfAllDisksComesWhenItIsToldTo() throws IOException {
        String seen = seenFiles();
        try (VhdRepository sr = files.attachFirst()) {
            sr.restore(disk, Hold.HOST, AccessMode.READ_WRITE, AccessMode.READ_WRITE);
            DirectorySr.write(files.device(disk), 0, 7);
            assertThat(recordedFile()).isNull();
            assertThat(seenFiles()).isEqualTo(seen);

            sr.noteDisks();
            assertThat(recordedFile()).isEqualTo(disk + ".vhd");
            assertThat(seenFiles()).isNotEqualTo(seen);
            assertThat(DirectorySr.read(files.device(disk), 0)).isEqualTo(7);
            sr.detach(disk);
        }
    }

    @Test
    void whatADeadAgentPutOffTheNextAttachDoes() throws IOException {
        files.attachFirst().close();
        assertThat(recordedFile()).isNull();
        files.attach(Wanted.KNOWN).close();
        assertThat(recordedFile()).isEqualTo(disk + ".vhd");
    }

    private @Nullable String recordedFile() {
        return new VdiRecords(files.storage()).get(disk, "").file();
    }

    /** Which file the note is: it is replaced as a whole. */
    private String seenFiles() throws IOException {
        return files.storage().info(SrFiles.SEEN).identity();
    }
}
