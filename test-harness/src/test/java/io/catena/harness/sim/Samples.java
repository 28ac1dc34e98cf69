package io.catena.harness.sim;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Files whose sectors are each filled with one letter, and how they look afterwards. */
final class Samples {
    static final int SECTOR = 512;

    private Samples() {}

    /** Creates a file of a sector for each letter, with name and bytes synced. */
    static void putDurably(Storage storage, String name, String letters) throws IOException {
        try (BlockFile file = storage.create(name)) {
            write(file, 0, letters);
            file.sync();
        }
        storage.syncNames();
    }

    /** Writes a sector for each letter. */
    static void write(BlockFile file, int sector, String letters) throws IOException {
        byte[] bytes = new byte[letters.length() * SECTOR];
        for (int i = 0; i < letters.length(); i++) {
            Arrays.fill(bytes, i * SECTOR, (i + 1) * SECTOR, (byte) letters.charAt(i));
        }
        file.write((long) sector * SECTOR, ByteBuffer.wrap(bytes));
    }

    /** Returns the letter of each sector: "0" for zeros, "!" for a torn one; a last one that is not whole counts too. */
    static String read(Storage storage, String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            byte[] bytes = new byte[(int) file.size()];
            file.readFully(0, ByteBuffer.wrap(bytes));
            StringBuilder letters = new StringBuilder();
            for (int at = 0; at < bytes.length; at += SECTOR) {
                letters.append(letter(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + SECTOR))));
            }
            return letters.toString();
        }
    }

    private static char letter(byte[] sector) {
        for (byte other : sector) {
            if (other != sector[0]) {
                return '!';
            }
        }
        return sector[0] == 0 ? '0' : (char) sector[0];
    }
}
