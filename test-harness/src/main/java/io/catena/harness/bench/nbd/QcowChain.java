package io.catena.harness.bench.nbd;

import io.catena.agent.nbd.client.NbdDisk;
import io.catena.harness.peer.Programs;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A chain of qcow2 images, served by qemu-nbd. */
final class QcowChain implements Contestant, Closeable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final int depth;
    private final Path directory;
    private final Disks disks;

    /** The root first; none if the depth is 1. */
    private final List<Path> parents = new ArrayList<>();

    private final Map<Ground, PeerServer> servers = new EnumMap<>(Ground.class);
    private int made;

    private QcowChain(int depth, Path directory, Disks disks) {
        this.depth = depth;
        this.directory = directory;
        this.disks = disks;
    }

    static QcowChain make(int depth, Path directory, Disks disks) throws IOException {
        QcowChain chain = new QcowChain(depth, Files.createDirectory(directory.resolve("qcow2-" + depth)), disks);
        try {
            for (int layer = 0; layer < depth - 1; layer++) {
                Path image = chain.create();
                int number = layer;
                chain.write(image, disk -> {
                    if (number == 0) {
                        disks.fill(disk::write);
                    } else {
                        disks.change(disk::write, number, depth);
                    }
                });
                chain.parents.add(image);
            }
            chain.startServers();
            return chain;
        } catch (IOException e) {
            chain.close();
            throw e;
        }
    }

    private void startServers() throws IOException {
        Path full = create();
        write(full, disk -> disks.fill(disk::write));
        servers.put(Ground.PRESENT, start(full));
        Path spread = create();
        write(spread, disk -> {
            if (depth == 1) {
                disks.fill(disk::write);
            } else {
                disks.change(disk::write, depth, depth);
            }
        });
        servers.put(Ground.SPREAD, start(spread));
    }

    private Path create() throws IOException {
        Path image = directory.resolve(made++ + ".qcow2");
        List<String> command = new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", "qcow2"));
        if (!parents.isEmpty()) {
            command.addAll(
                    List.of("-F", "qcow2", "-b", parents.get(parents.size() - 1).toString()));
        }
        command.addAll(List.of(image.toString(), Long.toString(disks.sizeBytes())));
        Programs.run(PATIENCE, command.toArray(String[]::new));
        return image;
    }

    private PeerServer start(Path image) throws IOException {
        return PeerServer.qemu(image.resolveSibling(image.getFileName() + ".sock"), "qcow2", image);
    }

    /** What fills a disk. */
    @FunctionalInterface
    interface Filler {
        void fill(NbdDisk disk) throws IOException;
    }

    private void write(Path image, Filler filler) throws IOException {
        try (PeerServer server = start(image);
                NbdDisk disk = NbdDisk.connect(server.uri(), PATIENCE)) {
            filler.fill(disk);
            disk.flush();
        }
    }

    @Override
    public String title() {
        return title(depth);
    }

    static String title(int depth) {
        return "qemu-nbd qcow2, " + depth + " deep";
    }

    @Override
    public boolean has(Ground ground) {
        return depth > 1 || ground != Ground.OVER_PARENT;
    }

    @Override
    public Served serve(Ground ground) throws IOException {
        PeerServer lasting = servers.get(ground);
        return lasting != null ? lasting.served(files()) : serveNew(create());
    }

    private Served serveNew(Path image) throws IOException {
        return start(image).servedOnce(() -> Files.delete(image), image);
    }

    private Path[] files() throws IOException {
        try (var paths = Files.newDirectoryStream(directory, "*.qcow2")) {
            List<Path> files = new ArrayList<>();
            paths.forEach(files::add);
            return files.toArray(Path[]::new);
        }
    }

    @Override
    public void close() throws IOException {
        for (PeerServer server : servers.values()) {
            server.close();
        }
    }
}
