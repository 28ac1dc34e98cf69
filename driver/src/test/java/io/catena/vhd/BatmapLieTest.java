package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A batmap that calls blocks full which no BAT entry knows: the bits mean nothing, also after the blocks have a place. */
class BatmapLieTest {
    private static final int BLOCK = 2 << 20;

    /** Of a disk of so few blocks that each of its tables takes one sector. */
    private static final long BATMAP = 2048;

    private static final int CHECKSUM = 24;

    @TempDir
    Path directory;

    private FileStorage storage;

    @BeforeEach
    void makeADiskWhoseBatmapCallsAllBlocksFull() throws IOException {
        storage = new FileStorage(directory);
        new VhdCreator(storage).dynamic("d.vhd", 4L * BLOCK, UUID.randomUUID(), 0);
        put("d.vhd", BATMAP + 512, new byte[] {(byte) 0xf0});
        put(
                "d.vhd",
                BATMAP + CHECKSUM,
                ByteBuffer.allocate(Integer.BYTES).putInt(~0xf0).array());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSectorThatWasNeverWrittenIsNotPresentAfterTheProcessDied(boolean zeroed) throws IOException {
        Layer layer = open("d.vhd");
        if (zeroed) {
            layer.zero(BLOCK, 4096);
        } else {
            layer.write(BLOCK, ByteBuffer.allocate(4096).put(0, (byte) 1));
        }
        layer.flush();
        dieAndCheck();
    }

    @Test
    void aBlockThatComesBackAfterItWasGivenUpIsNotFullEither() throws IOException {
        Layer layer = open("d.vhd");
        layer.write(BLOCK, ByteBuffer.allocate(BLOCK).put(0, (byte) 1));
        layer.flush();
        layer.giveUp(BLOCK);
        layer.flush();
        layer.write(BLOCK, ByteBuffer.allocate(4096));
        layer.flush();
        dieAndCheck();
    }

    /** The file as it is on disk now, without what closing it would add. */
    private void dieAndCheck() throws IOException {
        Files.copy(directory.resolve("d.vhd"), directory.resolve("dead.vhd"));
        try (Layer found = ChainFile.vhd(storage, "dead.vhd").openReadOnly(storage)) {
            assertThat(found.run(BLOCK, BLOCK)).isEqualTo(4096);
            assertThat(found.run(BLOCK + 4096, 4096))
                    .as("sectors never written")
                    .isEqualTo(-4096);
        }
        try (Layer found = open("dead.vhd")) {
            assertThat(found.run(BLOCK + 4096, 4096)).as("opened for writing").isEqualTo(-4096);
        }
    }

    private Layer open(String name) throws IOException {
        return ChainFile.vhd(storage, name).openWritable(storage, null);
    }

    private void put(String name, long offset, byte[] bytes) throws IOException {
        try (FileChannel file = FileChannel.open(directory.resolve(name), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(bytes), offset);
        }
    }
}
