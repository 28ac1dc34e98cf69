package io.catena.harness.e2e;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.Exporter;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.job.Looks;
import io.catena.sr.job.Timer;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** An SR below which two things can go wrong at a time, and threads that use it meanwhile. */
final class StalledSr implements AutoCloseable {
    /** No call that hangs ends within this time, unless it is let go. */
    static final long PATIENCE_SECONDS = 20;

    static final long DISK_BYTES = 8 << 20;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private final Looks looks = new Looks();
    private final Stall stall = new Stall();
    private final Stall other = new Stall();
    private final VhdRepository sr;

    /**
     * @param directory where the SR will be; empty
     * @param redo for its redo logs
     */
    StalledSr(Path directory, Path redo, Exporter exports) throws IOException {
        Storage storage = LinuxFiles.storage(directory);
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "sr");
        sr = VhdRepository.attach(
                stall.over(other.over(storage)),
                directory.toString(),
                new Environment(
                        new FileStorage(redo),
                        new UUID(1, 1),
                        exports,
                        jobs,
                        Clock.systemUTC(),
                        System::nanoTime,
                        UUID::randomUUID,
                        Timer.NEVER,
                        looks));
    }

    VhdRepository sr() {
        return sr;
    }

    Jobs jobs() {
        return jobs;
    }

    Stall stall() {
        return stall;
    }

    Stall other() {
        return other;
    }

    VdiId create(String name) {
        return sr.create(new VdiSpec(DISK_BYTES, name, "", null, false)).vdi();
    }

    Export attach(VdiId disk) {
        return sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
    }

    void detach(VdiId disk) {
        sr.detach(disk, Hold.HOST);
    }

    <T> Future<T> begin(Callable<T> work) {
        return threads.submit(work);
    }

    Future<?> begin(Runnable work) {
        return threads.submit(work);
    }

    /** Far less than any wait for what hangs would take, far more than a busy machine needs. */
    void inTime(Callable<?> work) throws Exception {
        threads.submit(work).get(PATIENCE_SECONDS / 2, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        stall.end();
        other.end();
        sr.close();
        jobs.close();
        looks.close();
        threads.shutdownNow();
    }
}
