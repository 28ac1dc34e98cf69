package io.catena.sr.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.JobIntent;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Work that is to be begun again is told by files that anybody may have put there. */
class JobIntentFilesTest {
    @TempDir
    private Path directory;

    private JobIntentFiles files;
    private Path jobs;

    @BeforeEach
    void open() throws IOException {
        files = new JobIntentFiles(new FileStorage(directory));
        jobs = Files.createDirectories(directory.resolve(".catena/jobs"));
    }

    /** It would be begun with each attach, or leave no numbers for others. */
    @ParameterizedTest
    @CsvSource({"5.json, 7", "5.json, -5", "9223372036854775807.json, 9223372036854775807", "5.json, null"})
    void aJobThatIsNotWhatItsFileSaysIsSetAside(String file, String job) throws IOException {
        files.keep(new JobIntent(3, "gc", null));
        Files.writeString(jobs.resolve(file), "{\"job\":" + job + ",\"kind\":\"gc\"}");

        assertThat(files.all()).extracting(JobIntent::job).containsExactly(3L);
        assertThat(JobIntentFiles.setAside(new FileStorage(directory)))
                .containsExactly(".catena/jobs/" + file + ".bad");
    }

    @Test
    void oneThatWasKeptIsThereUntilItIsForgotten() throws IOException {
        files.keep(new JobIntent(1L << 52, "gc", null));
        assertThat(files.all()).hasSize(1);
        files.forget(1L << 52);
        assertThat(files.all()).isEmpty();
    }
}
