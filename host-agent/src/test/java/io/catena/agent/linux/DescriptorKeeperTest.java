package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescriptorKeeperTest {
    @TempDir
    private Path directory;

    private Path file;
    private Path note;
    private Descriptor kept;

    @BeforeEach
    void keep() throws IOException {
        file = directory.resolve("disk");
        note = directory.resolve("disk.keeper");
        Path content = Files.writeString(directory.resolve("content"), "kept");
        kept = new Descriptor(Libc.open(content.toString(), Libc.O_RDONLY | Libc.O_CLOEXEC));
        DescriptorKeeper.keep(kept.number(), file);
    }

    @AfterEach
    void release() throws IOException {
        DescriptorKeeper.release(file);
        kept.close();
    }

    @Test
    void whatIsKeptIsTakenBackUntilItIsReleased() throws IOException {
        try (Descriptor taken = new Descriptor(DescriptorKeeper.take(file).orElseThrow())) {
            assertThat(Files.readString(taken.path())).isEqualTo("kept");
        }
        assertThat(DescriptorKeeper.take(directory.resolve("other"))).isEmpty();
        DescriptorKeeper.release(file);
        assertThat(DescriptorKeeper.take(file)).isEmpty();
        assertThat(note).doesNotExist();
    }

    /** The words in its environment once made any process a keeper. */
    @Test
    void aProcessThatSaysItIsTheKeeperIsNotBelieved() throws Exception {
        String words = Files.readString(note);
        DescriptorKeeper.release(file);
        ProcessBuilder impostor = new ProcessBuilder("sleep", "60");
        impostor.environment().put("CATENA_KEEPS", file.toString());
        impostor.environment().put("CATENA_KEEPER", note.toString());
        Process process = impostor.start();
        try {
            assertThat(DescriptorKeeper.take(file)).isEmpty();
            Files.writeString(note, process.pid() + " " + words.strip().split(" ", -1)[1] + "1\n");
            assertThat(DescriptorKeeper.take(file)).isEmpty();
            DescriptorKeeper.release(file);
            assertThat(process.isAlive()).isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void aNoteOfAnotherUserOrWithoutSenseNamesNobody() throws IOException {
        String words = Files.readString(note);
        for (String forged : new String[] {"", "1", "../self 1", "-1 1", "99999999999 1", words + " 3"}) {
            Files.writeString(note, forged);
            assertThat(DescriptorKeeper.take(file)).isEmpty();
        }
        Files.writeString(note, words);
        assertThat(DescriptorKeeper.take(file)).isPresent();
        if (Libc.geteuid() == 0) {
            Files.setAttribute(note, "unix:uid", 65534);
            assertThat(DescriptorKeeper.take(file)).isEmpty();
            Files.setAttribute(note, "unix:uid", 0);
        }
    }
}
