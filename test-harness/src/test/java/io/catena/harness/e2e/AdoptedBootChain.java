package io.catena.harness.e2e;

import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.UUID;

/**
 * A bootable disk as XenServer leaves one after two snapshots: a directory with a hidden base copy, a hidden child and a
 * leaf. The data is spread over the three, and what lies beneath is wrong: only who reads the chain as XenServer does can
 * boot from it. Made by {@code catena vhd}, whose files are byte for byte those of XenServer's tools.
 *
 * @param leaf the id of the disk that boots
 */
record AdoptedBootChain(Path directory, String leaf) {
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    /** Not on block boundaries. */
    private static final long FIRST_CUT = (9 << 20) + 7 * 512;

    private static final long SECOND_CUT = (21 << 20) + 4096 + 512;

    static AdoptedBootChain make(Path raw, Path directory) throws IOException {
        Files.createDirectories(directory);
        Path base = directory.resolve(UUID.randomUUID() + ".vhd");
        Path middle = directory.resolve(UUID.randomUUID() + ".vhd");
        String leafId = UUID.randomUUID().toString();
        Path leaf = directory.resolve(leafId + ".vhd");
        long size = Files.size(raw);
        catena("vhd create " + base + " --size " + size);
        write(base, raw, 0, FIRST_CUT, false);
        write(base, raw, FIRST_CUT, size - FIRST_CUT, true);
        catena("vhd snapshot " + middle + " --parent " + base);
        write(middle, raw, FIRST_CUT, SECOND_CUT - FIRST_CUT, false);
        catena("vhd snapshot " + leaf + " --parent " + middle);
        write(leaf, raw, SECOND_CUT, size - SECOND_CUT, false);
        catena("vhd set " + base + " --hidden on");
        catena("vhd set " + middle + " --hidden on");
        return new AdoptedBootChain(directory, leafId);
    }

    private static void write(Path vhd, Path raw, long offset, long length, boolean wrong) throws IOException {
        Path part = vhd.resolveSibling("part");
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(length));
        try (FileChannel in = FileChannel.open(raw)) {
            in.read(bytes, offset);
        }
        if (wrong) {
            for (int i = 0; i < bytes.capacity(); i++) {
                bytes.put(i, (byte) ~bytes.get(i));
            }
        }
        Files.write(part, bytes.array(), StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        catena("vhd write " + vhd + " --offset " + offset + " < " + part);
        Files.delete(part);
    }

    private static void catena(String command) throws IOException {
        String home = System.getProperty(AgentProcess.HOME_PROPERTY);
        Programs.run(DEADLINE, "sh", "-c", "exec " + Path.of(home).toRealPath() + "/host-agent/bin/catena " + command);
    }
}
