package io.catena.harness.bench.snapshot;

import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Disks in qcow2 files, served by qemu's storage daemon, which cuts them as libvirt has it do. */
final class QemuDisks implements Disks {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final long POLL_MILLIS = 20;

    private final Path directory;
    private final BackgroundProgram daemon;
    private final Qmp monitor;
    private final List<String> tops = new ArrayList<>();
    private int cuts;

    QemuDisks(Path runDirectory, Path directory, int count, long sizeBytes) throws IOException {
        this.directory = Files.createDirectory(directory.resolve("qcow2"));
        List<String> command = new ArrayList<>(List.of(
                "qemu-storage-daemon",
                "--chardev",
                "socket,id=qmp,server=on,wait=off,path=" + runDirectory.resolve("qmp.sock"),
                "--monitor",
                "chardev=qmp",
                "--nbd-server",
                "addr.type=unix,max-connections=0,addr.path=" + runDirectory.resolve("nbd.sock")));
        for (int i = 0; i < count; i++) {
            Path file = this.directory.resolve("disk-" + i + ".qcow2");
            Programs.run(
                    PATIENCE, "qemu-img", "create", "-q", "-f", "qcow2", file.toString(), Long.toString(sizeBytes));
            command.addAll(List.of(
                    "--blockdev",
                    "driver=qcow2,node-name=top-" + i + "-0,file.driver=file,file.filename=" + file,
                    "--export",
                    "type=nbd,writable=on,id=export-" + i + ",name=disk-" + i + ",node-name=top-" + i + "-0"));
            tops.add("top-" + i + "-0");
        }
        socket = runDirectory.resolve("nbd.sock");
        daemon = BackgroundProgram.start(command.toArray(String[]::new));
        await(runDirectory.resolve("qmp.sock"));
        await(socket);
        monitor = new Qmp(runDirectory.resolve("qmp.sock"));
    }

    private final Path socket;

    private void await(Path file) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(file)) {
            if (System.nanoTime() > end || !daemon.isAlive()) {
                throw new IOException("no " + file + ": " + daemon.describe());
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    @Override
    public Path socket() {
        return socket;
    }

    @Override
    public List<String> exports() {
        return IntStream.range(0, tops.size()).mapToObj(i -> "disk-" + i).toList();
    }

    @Override
    public long snapshot(boolean all) throws IOException {
        cuts++;
        if (all) {
            String actions = IntStream.range(0, tops.size())
                    .mapToObj(i -> "{\"type\":\"blockdev-snapshot-sync\",\"data\":" + arguments(i) + "}")
                    .collect(Collectors.joining(","));
            monitor.execute("{\"execute\":\"transaction\",\"arguments\":{\"actions\":[" + actions + "]}}");
        } else {
            monitor.execute("{\"execute\":\"blockdev-snapshot-sync\",\"arguments\":" + arguments(0) + "}");
        }
        return -1;
    }

    private String arguments(int disk) {
        String next = "top-" + disk + "-" + cuts;
        String text = "{\"node-name\":\"" + tops.get(disk) + "\",\"snapshot-node-name\":\"" + next
                + "\",\"format\":\"qcow2\",\"snapshot-file\":\"" + directory.resolve(next + ".qcow2") + "\"}";
        tops.set(disk, next);
        return text;
    }

    @Override
    public void close() throws IOException {
        try (monitor) {
            daemon.close();
        }
    }
}
