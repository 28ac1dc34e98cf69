package io.catena.agent.demo;

import io.catena.agent.nbd.client.NbdDisk;
import io.catena.api.AccessMode;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Leads through a disk's life, with real data, and checks at each turn that every disk holds what was written to it.
 *
 * <p><b>Threads.</b> For one thread; {@link #abort} is called by others.
 */
public final class Tour implements Closeable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** So many records show that the writer is at work. */
    private static final int SOME_RECORDS = 200;

    /** As nbdcopy does: pieces of zeros are not written, so that the disk stays thin. */
    private static final int PIECE_BYTES = 64 << 10;

    /** In the middle of a block, so that single sectors of it come from two nodes. */
    private static final long TWIN_OFFSET = (1 << 20) + 512;

    private static final int TWIN_BYTES = 1 << 20;

    private final Scale scale;
    private final Path scratch;
    private final Path files;
    private final List<String> agentCommand;
    private final TourReport report;

    private volatile @Nullable TourAgent agent;
    private volatile boolean aborted;

    /**
     * Prepares a tour.
     *
     * @param scratch an empty directory for sockets, deleted by {@link #close}; a short path, because the name of a
     *     socket has 107 bytes at most
     * @param files an empty directory for everything else
     * @param agentCommand starts an agent, given a run directory
     */
    public Tour(Scale scale, Path scratch, Path files, List<String> agentCommand, TourReport report) {
        this.scale = scale;
        this.scratch = scratch;
        this.files = files;
        this.agentCommand = List.copyOf(agentCommand);
        this.report = report;
    }

    /**
     * Does it all.
     *
     * @throws SrException if a check fails or the agent refuses something
     * @throws IOException if a connection breaks or takes too long
     */
    public void run() throws IOException {
        TourAgent running = startAgent();
        ControlCalls calls = new ControlCalls(running.control());
        SrId sr = createSr(calls);
        Disk disk = createDisk(calls, sr);
        writeImage(disk);
        Taken monday = snapshotWhileWriting(calls, sr, disk);
        killAgent(running, disk);
        Disk twin = cloneDisk(calls, sr, disk);
        Taken tuesday = changeAndSnapshot(calls, sr, disk);
        deleteSnapshot(calls, sr, monday);
        coalesce(calls, sr, disk);
        checkAll(calls, disk, twin, tuesday);
        stopAgent(calls, running, List.of(disk.vdi, twin.vdi));
    }

    /** A disk that is attached: where, and what it should hold. */
    private static final class Disk {
        final VdiId vdi;
        final String uri;

        /** All but the records. */
        final Content content;

        /** How many records were written. */
        long recordCount;

        Disk(VdiId vdi, String uri, Content content) {
            this.vdi = vdi;
            this.uri = uri;
            this.content = content;
        }
    }

    /** A snapshot, and what it should hold. */
    private record Taken(VdiId vdi, String name, Content content) {}

    private TourAgent startAgent() throws IOException {
        Path run = scratch.resolve("run");
        step("Start an agent", "It owns the disks of a host and serves them over NBD.", "agent --run-dir " + run);
        TourAgent started = TourAgent.start(agentCommand, run, files.resolve("agent.log"));
        agent = started;
        report.fact("agentPid", started.pid(), "ready, process " + started.pid());
        return started;
    }

    private SrId createSr(ControlCalls calls) throws IOException {
        Path directory = files.resolve("sr");
        step("Create a storage repository", "An SR is a directory of VHD files.", "sr create tour --path " + directory);
        SrId sr = calls.createSr("tour", directory);
        report.fact("sr", sr.toString(), "SR " + sr);
        return sr;
    }

    private Disk createDisk(ControlCalls calls, SrId sr) throws IOException {
        step(
                "Create a disk and attach it",
                "It takes space only for what is written to it.",
                "vdi create tour --size " + (scale.diskBytes() >> 20) + "M --name disk; catena vdi attach disk");
        VdiId vdi = calls.createVdi(sr, "disk", scale.diskBytes());
        String uri = calls.attach(vdi, AccessMode.READ_WRITE);
        report.fact("uri", uri, uri);
        report.tree(calls.tree(sr));
        return new Disk(vdi, uri, Content.zeros(scale.diskBytes()));
    }

    private void writeImage(Disk disk) throws IOException {
        step("Write real data", "Over NBD, as a guest's disk controller would; then flush.", "");
        Payload payload = Payload.make(files, scale.imageBytes());
        long written = 0;
        try (NbdDisk nbd = connect(disk);
                InputStream in = Files.newInputStream(payload.image())) {
            byte[] piece = in.readNBytes(PIECE_BYTES);
            for (long offset = 0; piece.length > 0; offset += piece.length) {
                byte[] sectors = Arrays.copyOf(piece, (piece.length + 511) / 512 * 512);
                if (!isZero(sectors)) {
                    write(nbd, disk.content, offset, sectors);
                    written += sectors.length;
                }
                piece = in.readNBytes(PIECE_BYTES);
            }
            nbd.flush();
        }
        report.fact(
                "payload", payload.description(), payload.description() + ", " + mib(written) + " without its zeros");
        report.fact("writtenBytes", written, "");
        check("disk-written", "the disk holds what was written", disk.uri, disk.content);
    }

    private Taken snapshotWhileWriting(ControlCalls calls, SrId sr, Disk disk) throws IOException {
        step(
                "Take a snapshot while writes go on",
                "A second connection writes numbered records meanwhile.",
                "vdi snapshot disk --name monday");
        long before;
        long after;
        SnapshotResult result;
        try (RecordWriter writer = RecordWriter.start(disk.uri, scale.records(), 0)) {
            writer.awaitAnswered(SOME_RECORDS);
            before = writer.answered();
            result = calls.snapshot(disk.vdi, "monday");
            after = writer.answered();
            writer.awaitAnswered(after + SOME_RECORDS);
            disk.recordCount = writer.stop();
        }
        report.fact("pauseMicros", result.pauseMicros(), "writes were held back for " + result.pauseMicros() + " us");
        report.tree(calls.tree(sr));
        Content content = atOneInstant(calls, result.vdi(), disk, before, after);
        checkAttached(
                calls, result.vdi(), "monday-one-instant", "monday holds the disk as it was at one instant", content);
        check("disk-after-snapshot", "the disk has all " + disk.recordCount + " records", disk.uri, expected(disk));
        return new Taken(result.vdi(), "monday", content);
    }

    /** Returns what the snapshot should hold: all records that were answered before, and none begun after. */
    private Content atOneInstant(ControlCalls calls, VdiId snapshot, Disk disk, long before, long after)
            throws IOException {
        String uri = calls.attach(snapshot, AccessMode.READ_ONLY);
        long count;
        try (NbdDisk nbd = connect(uri)) {
            count = scale.records().countOn(nbd::read);
        }
        calls.detach(snapshot);
        if (count < before || count > after + 1) {
            throw failed("the snapshot has " + count + " records; " + before
                    + " were answered before it was asked for, " + after + " when it was there");
        }
        report.fact("recordsInSnapshot", count, "monday has " + count + " of " + disk.recordCount + " records");
        return withRecords(disk.content, count);
    }

    private void killAgent(TourAgent running, Disk disk) throws IOException {
        step(
                "Kill the agent while writes go on, start it again",
                "What was answered must be there, flushed or not.",
                "");
        long killed = running.pid();
        long answered;
        try (RecordWriter writer = RecordWriter.start(disk.uri, scale.records(), disk.recordCount)) {
            writer.awaitAnswered(disk.recordCount + SOME_RECORDS);
            running.kill();
            answered = writer.awaitBroken();
        }
        running.startAgain();
        report.fact("answeredRecords", answered, "kill -9 " + killed + " after " + answered + " answered records");
        report.fact(
                "agentPid",
                running.pid(),
                "ready again, process " + running.pid() + "; the disk is attached as before");
        long found;
        try (NbdDisk nbd = connect(disk)) {
            found = scale.records().countOn(nbd::read);
        }
        if (found < answered || found > answered + 1) {
            throw failed("the disk has " + found + " records; " + answered + " were answered before the kill");
        }
        disk.recordCount = found;
        check("disk-after-kill", "every answered record is there", disk.uri, expected(disk));
    }

    private Disk cloneDisk(ControlCalls calls, SrId sr, Disk disk) throws IOException {
        step(
                "Change the disk, clone it, write to the clone",
                "A clone starts with the disk's content and goes its own way.",
                "vdi clone disk --name twin; catena vdi attach twin");
        change(disk, scale.changeOffset(), text("after monday", scale.changeBytes()));
        VdiId vdi = calls.cloneVdi(disk.vdi, "twin");
        Disk twin = new Disk(vdi, calls.attach(vdi, AccessMode.READ_WRITE), expected(disk));
        change(twin, TWIN_OFFSET, text("the twin's own", TWIN_BYTES));
        report.tree(calls.tree(sr));
        check("twin-written", "the twin holds the disk's content and its own", twin.uri, twin.content);
        check("disk-unlike-twin", "the disk does not see the twin's writes", disk.uri, expected(disk));
        return twin;
    }

    private Taken changeAndSnapshot(ControlCalls calls, SrId sr, Disk disk) throws IOException {
        step(
                "Take a second snapshot, change the disk again",
                "The disk has not changed since it was cloned, so no new base copy is needed.",
                "vdi snapshot disk --name tuesday");
        SnapshotResult result = calls.snapshot(disk.vdi, "tuesday");
        Content content = expected(disk);
        change(disk, scale.changeOffset() + 512, text("after tuesday", TWIN_BYTES));
        report.fact("pauseMicros", result.pauseMicros(), "nobody wrote; the pause was " + result.pauseMicros() + " us");
        report.tree(calls.tree(sr));
        checkAttached(calls, result.vdi(), "tuesday-unchanged", "tuesday does not see later writes", content);
        return new Taken(result.vdi(), "tuesday", content);
    }

    private void deleteSnapshot(ControlCalls calls, SrId sr, Taken monday) throws IOException {
        step("Delete the first snapshot", "The base copies it needed are still there.", "vdi destroy monday");
        checkAttached(calls, monday.vdi, "monday-unchanged", "before that, monday is as it was", monday.content);
        calls.destroy(monday.vdi);
        report.tree(calls.tree(sr));
    }

    private void coalesce(ControlCalls calls, SrId sr, Disk disk) throws IOException {
        step(
                "Merge base copies that have one child only, while writes go on",
                "Garbage collection makes the chain shorter.",
                "gc run tour --wait");
        int depthBefore = calls.vdi(disk.vdi).depth();
        Job job;
        try (RecordWriter writer = RecordWriter.start(disk.uri, scale.records(), disk.recordCount)) {
            writer.awaitAnswered(disk.recordCount + SOME_RECORDS);
            job = awaitEnd(calls, calls.collectGarbage(sr));
            disk.recordCount = writer.stop();
        }
        int depthAfter = calls.vdi(disk.vdi).depth();
        report.fact("mergedBytes", job.doneBytes(), "");
        report.fact("depthBefore", depthBefore, "");
        report.fact("depthAfter", depthAfter, "the disk's chain had " + depthBefore + " nodes, it has " + depthAfter);
        report.tree(calls.tree(sr));
        if (depthAfter >= depthBefore) {
            throw failed("the disk's chain has " + depthAfter + " nodes, expected less than " + depthBefore);
        }
        report.passed("chain-shorter", "the chain is shorter");
    }

    private Job awaitEnd(ControlCalls calls, Job started) {
        Job job = started;
        while (!job.state().ended()) {
            job = calls.awaitJob(job.id());
            report.progress(job);
        }
        if (job.state() != Job.State.DONE) {
            Job.Failure failure = job.failure();
            throw failed("garbage collection is " + job.state().name().toLowerCase(Locale.ROOT)
                    + (failure == null ? "" : ": " + failure.message()));
        }
        return job;
    }

    private void checkAll(ControlCalls calls, Disk disk, Disk twin, Taken tuesday) throws IOException {
        step("Check everything", "All disks are read whole; SHA-256 of what is read and of what was written.", "");
        check("disk-at-end", "disk", disk.uri, expected(disk));
        checkAttached(calls, tuesday.vdi, "tuesday-at-end", "tuesday", tuesday.content);
        check("twin-at-end", "twin", twin.uri, twin.content);
    }

    private void stopAgent(ControlCalls calls, TourAgent running, List<VdiId> attached) throws IOException {
        step("Detach the disks, stop the agent", "Everything is in the files now.", "vdi detach disk");
        attached.forEach(calls::detach);
        running.close();
        report.fact("agentStopped", true, "the agent ended");
    }

    private void step(String title, String explanation, String command) throws IOException {
        if (aborted) {
            throw new IOException("the tour was ended before \"" + title + "\"");
        }
        report.step(title, explanation, command);
    }

    private Content expected(Disk disk) {
        return withRecords(disk.content, disk.recordCount);
    }

    private Content withRecords(Content content, long count) {
        Content with = content.copy();
        scale.records().fill(with, count);
        return with;
    }

    private void change(Disk disk, long offset, byte[] data) throws IOException {
        try (NbdDisk nbd = connect(disk)) {
            write(nbd, disk.content, offset, data);
            nbd.flush();
        }
    }

    private static void write(NbdDisk nbd, Content content, long offset, byte[] data) throws IOException {
        nbd.write(offset, ByteBuffer.wrap(data));
        content.write(offset, data);
    }

    private void checkAttached(ControlCalls calls, VdiId vdi, String name, String claim, Content expected)
            throws IOException {
        String uri = calls.attach(vdi, AccessMode.READ_ONLY);
        check(name, claim, uri, expected);
        calls.detach(vdi);
    }

    private void check(String name, String claim, String uri, Content expected) throws IOException {
        String written = expected.sha256();
        String read;
        try (NbdDisk nbd = connect(uri)) {
            read = Content.sha256(nbd.sizeBytes(), nbd::read);
        }
        if (!read.equals(written)) {
            throw failed("the digest of what is read is " + read + ", of what was written " + written + ": " + claim);
        }
        report.passed(name, claim + " (" + written.substring(0, 12) + "...)");
    }

    private static SrException failed(String finding) {
        return new SrException(SrError.INTERNAL, "A check failed: " + finding)
                .correction("This is a fault in catena; repeat it with --keep DIR and report it with the files.");
    }

    private static NbdDisk connect(Disk disk) throws IOException {
        return connect(disk.uri);
    }

    private static NbdDisk connect(String uri) throws IOException {
        return NbdDisk.connect(uri, PATIENCE);
    }

    private static byte[] text(String label, int bytes) {
        StringBuilder text = new StringBuilder(bytes + 64);
        for (int line = 0; text.length() < bytes; line++) {
            text.append(label).append(", line ").append(line).append('\n');
        }
        return text.substring(0, bytes).getBytes(StandardCharsets.US_ASCII);
    }

    private static boolean isZero(byte[] bytes) {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private static String mib(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }

    /** Has {@link #run} fail soon, by ending the agent. */
    public void abort() throws IOException {
        aborted = true;
        TourAgent running = agent;
        if (running != null) {
            running.close();
        }
    }

    /** Ends the agent if it still runs, and deletes what is not worth keeping. */
    @Override
    public void close() throws IOException {
        TourAgent running = agent;
        try {
            if (running != null) {
                running.close();
            }
        } finally {
            Deleting.tree(scratch);
        }
    }
}
