package io.catena.agent.cli;

import io.catena.agent.cli.session.Session;
import io.catena.agent.demo.Scale;
import io.catena.agent.demo.Tour;
import io.catena.agent.demo.WebDemo;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code catena demo}: the tour, in a temporary directory. */
@Command(
        name = "demo",
        description = {
            "Show what catena does, in a temporary directory, with an agent of its own.",
            "Disk, real I/O over NBD, snapshot, clone, coalesce; every content is verified."
        })
final class DemoCommand implements Callable<Integer> {
    private static final Duration CLEANING_PATIENCE = Duration.ofSeconds(20);

    /** Set by the launcher: itself. */
    private static final String LAUNCHER = "catena.launcher";

    private final Session session;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description = "Keep the SR, the image and the agent's log in DIR, which must be absent or empty.")
    private @Nullable Path keep;

    @Option(
            names = "--web",
            description = "Keep a living example for the web page until interrupted, instead of the tour.")
    private boolean web;

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "Where the web page is served; 0 for any free port. Default: 7443.")
    private int port = 7443;

    DemoCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        if (web) {
            return showWeb();
        }
        Path kept = keep == null ? null : emptyDirectory(keep.toAbsolutePath().normalize());
        Path scratch = Files.createTempDirectory("catena-demo");
        Path files = kept == null ? Files.createDirectory(scratch.resolve("files")) : kept;
        DemoOutput output = session.json() ? new JsonDemoOutput(session) : new PrintedDemoOutput(session);
        Tour tour = new Tour(Scale.DEFAULT, scratch, files, agentCommand(), output);
        Ending ending = new Ending(tour);
        Thread hook = new Thread(ending, "end-of-demo");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            long start = System.nanoTime();
            try (tour) {
                tour.run();
            } finally {
                ending.cleaned.countDown();
            }
            output.end(Duration.ofNanos(System.nanoTime() - start), kept);
            return 0;
        } catch (IOException e) {
            if (ending.begun) {
                return 1;
            }
            throw failed(e).correction("To look at the agent's log, repeat it with --keep DIR.");
        } catch (SrException e) {
            if (ending.begun) {
                return 1;
            }
            throw e;
        }
    }

    private int showWeb() throws IOException {
        if (keep != null) {
            throw new SrException(SrError.BAD_REQUEST, "--keep is for the tour; of --web nothing can be kept");
        }
        WebDemo demo = new WebDemo(Files.createTempDirectory("catena"), agentCommand(), port);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(demo), "end-of-demo"));
        try {
            return showWeb(demo);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private int showWeb(WebDemo demo) throws InterruptedException {
        try {
            demo.run(place -> session.print(Json.object(Json.write(place)), () -> textOf(place)));
            return 0;
        } catch (IOException e) {
            if (demo.isStopping()) {
                return 1;
            }
            throw failed(e);
        } catch (SrException e) {
            if (demo.isStopping()) {
                return 1;
            }
            throw e;
        }
    }

    private static String textOf(WebDemo.Place place) {
        return "address      " + place.address() + "\ntoken        " + place.token() + "\ncertificate  "
                + place.certificate() + "\nThe certificate is the example's own: let the browser accept it."
                + " Ctrl-C ends it, and leaves nothing.\n";
    }

    private static void stop(WebDemo demo) {
        try {
            demo.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static SrException failed(IOException e) {
        return new SrException(SrError.IO_ERROR, "The demo failed: " + e.getMessage(), e);
    }

    /** What Ctrl-C does: the tour fails for want of its agent, and cleans up; nothing of that is worth a message. */
    private static final class Ending implements Runnable {
        final CountDownLatch cleaned = new CountDownLatch(1);
        volatile boolean begun;
        private final Tour tour;

        Ending(Tour tour) {
            this.tour = tour;
        }

        @Override
        public void run() {
            if (cleaned.getCount() == 0) {
                return;
            }
            begun = true;
            try {
                tour.abort();
                if (!cleaned.await(CLEANING_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                    tour.close();
                }
            } catch (IOException e) {
                throw new IllegalStateException("cannot clean up: " + e.getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Path emptyDirectory(Path directory) throws IOException {
        Files.createDirectories(directory);
        try (Stream<Path> files = Files.list(directory)) {
            if (files.findAny().isPresent()) {
                throw new SrException(SrError.BAD_REQUEST, "The directory " + directory + " is not empty")
                        .correction("Give --keep a directory that is absent or empty.");
            }
        }
        return directory;
    }

    /** Returns what starts an agent: the launcher, else this very program. */
    static List<String> agentCommand() {
        String launcher = System.getProperty(LAUNCHER);
        if (launcher != null) {
            return List.of(launcher, "agent");
        }
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Catena.class.getName(),
                "agent");
    }
}
