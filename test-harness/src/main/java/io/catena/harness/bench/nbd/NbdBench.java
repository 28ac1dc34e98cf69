package io.catena.harness.bench.nbd;

import com.google.gson.GsonBuilder;
import io.catena.harness.bench.DirectoryTree;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Fio;
import io.catena.harness.peer.FioJob;
import io.catena.harness.peer.FioResult;
import io.catena.harness.peer.Programs;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Measures guests' I/O over NBD: chains of ours, one and many files deep, beside raw files and qcow2 chains that others
 * serve. All take turns in each round, so that all see the same load of the machine; a first round is for warming up.
 *
 * <p>Each server works on a disk with the same content; what a chain holds is spread over all of its files, in pieces of
 * 64 KiB, so that every block of a VHD is a mixture. fio is the client, one connection.
 *
 * <p>What is called warm is so only while the system keeps the files in memory; where it gives memory back to a host within
 * seconds, it does not, and the directory had better be on tmpfs ({@code /dev/shm}) for all shapes but the cold one.
 */
public final class NbdBench {
    /** More than disks' hot range: there is room to write where nothing was written yet. */
    private static final int SIZE_FACTOR = 32;

    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final Path MEMORY = Path.of("/dev/shm");

    private final Options options;
    private final Disks disks;
    private final List<Cell> cells = new ArrayList<>();

    private NbdBench(Options options) {
        this.options = options;
        this.disks = new Disks(options.hotBytes() * SIZE_FACTOR, options.hotBytes());
    }

    /** Runs what {@link Options} describes. */
    public static void main(String[] arguments) throws IOException {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("bench: " + e.getMessage() + "\nusage: bench nbd " + Options.USAGE);
            System.exit(2);
            return;
        }
        NbdBench bench = new NbdBench(options);
        bench.run();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        NbdTable table = new NbdTable(bench.cells, options.depth());
        out.print(
                options.json()
                        ? new GsonBuilder().setPrettyPrinting().create().toJson(table.rows()) + "\n"
                        : table.text());
    }

    private void run() throws IOException {
        Path directory = Files.createTempDirectory(options.parent(), "cb");
        // As in life: the run directory is on a file system in memory.
        Path runDirectory = Files.createTempDirectory(Files.isDirectory(MEMORY) ? MEMORY : directory, "cb");
        Deque<Closeable> open = new ArrayDeque<>();
        try {
            List<Contestant> contestants = contestants(directory, runDirectory, open);
            for (int round = 0; round <= options.rounds(); round++) {
                for (Shape shape : options.shapes()) {
                    for (Contestant contestant : contestants) {
                        if (contestant.has(shape.ground())) {
                            measure(shape, contestant, round);
                        }
                    }
                }
            }
        } finally {
            while (!open.isEmpty()) {
                open.pop().close();
            }
            DirectoryTree.delete(directory);
            DirectoryTree.delete(runDirectory);
        }
    }

    private List<Contestant> contestants(Path directory, Path runDirectory, Deque<Closeable> open) throws IOException {
        List<Contestant> contestants = new ArrayList<>();
        say("making disks of " + (disks.hotBytes() >> 20) + " MiB in " + directory + ", on "
                + Files.getFileStore(directory).type());
        if (options.shared()) {
            AgentProcess agent = AgentProcess.start(runDirectory);
            open.push(agent::close);
            return List.of(
                    CatenaChain.make(agent, 1, directory, disks), CatenaChain.makeShared(agent, directory, disks));
        }
        RawFile qemu = RawFile.make(
                NbdTable.QEMU_RAW, directory, disks, (socket, file) -> PeerServer.qemu(socket, "raw", file));
        open.push(qemu);
        contestants.add(qemu);
        RawFile nbdkit = RawFile.make(NbdTable.NBDKIT_RAW, directory, disks, PeerServer::nbdkit);
        open.push(nbdkit);
        contestants.add(nbdkit);
        AgentProcess agent = AgentProcess.start(runDirectory);
        open.push(agent::close);
        for (int depth : List.of(1, options.depth())) {
            QcowChain qcow = QcowChain.make(depth, directory, disks);
            open.push(qcow);
            contestants.add(qcow);
            contestants.add(CatenaChain.make(agent, depth, directory, disks));
        }
        return contestants;
    }

    private void measure(Shape shape, Contestant contestant, int round) throws IOException {
        try (Served served = contestant.serve(shape.ground())) {
            if (shape.isCold()) {
                forget(served);
            }
            FioJob job = shape.job(served.uri(), disks, options.seconds());
            double before = served.cpuSeconds();
            FioResult result = Fio.run(job, DEADLINE);
            double cpuSeconds = served.cpuSeconds() - before;
            if (result.ioErrors() > 0) {
                throw new IOException(contestant.title() + " had " + result.ioErrors() + " errors in " + shape.title());
            }
            FioResult.Direction done = shape.writes() ? result.write() : result.read();
            double requests = (double) done.bytes() / shape.blockBytes();
            Sample sample =
                    new Sample(done.iops(), done.bytesPerSecond(), done.p99Nanos() / 1e3, cpuSeconds * 1e6 / requests);
            say(round + " " + shape.title() + " " + contestant.title() + ": " + Math.round(sample.iops()) + " IOPS, "
                    + Math.round(sample.cpuMicros()) + " us");
            if (round > 0) {
                cell(shape, contestant).add(sample);
            }
        }
    }

    private Cell cell(Shape shape, Contestant contestant) {
        return cells.stream()
                .filter(cell -> cell.shape() == shape && cell.contestant().equals(contestant.title()))
                .findFirst()
                .orElseGet(() -> {
                    Cell fresh = new Cell(shape, contestant.title());
                    cells.add(fresh);
                    return fresh;
                });
    }

    /** Takes the files out of the page cache, without a word to the others on this machine. */
    private static void forget(Served served) throws IOException {
        for (Path file : served.files()) {
            Programs.run(
                    DEADLINE, "dd", "if=" + file, "of=" + file, "conv=notrunc,fdatasync", "count=0", "status=none");
            Programs.run(DEADLINE, "dd", "if=" + file, "iflag=nocache", "count=0", "status=none");
        }
    }

    private static void say(String text) {
        System.err.println(text);
    }
}
