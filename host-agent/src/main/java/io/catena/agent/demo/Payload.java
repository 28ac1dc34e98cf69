package io.catena.agent.demo;

import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Real data for a disk: this project's own files, in an ext4 file system if the program is there that makes one.
 *
 * @param image what to write to the start of the disk
 * @param description what it is, for humans
 */
record Payload(Path image, String description) {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Not always on the path of people who are not root. */
    private static final List<Path> MKE2FS =
            List.of(Path.of("/usr/sbin/mke2fs"), Path.of("/sbin/mke2fs"), Path.of("/usr/bin/mke2fs"));

    /**
     * Makes the image.
     *
     * @param directory takes the image
     * @param sizeBytes of the image at most; files that do not fit in its half are left out
     */
    static Payload make(Path directory, long sizeBytes) throws IOException {
        Path image = directory.resolve("image");
        List<Path> files = chosen(sizeBytes / 2);
        for (Path mke2fs : MKE2FS) {
            if (Files.isExecutable(mke2fs) && ext4(mke2fs, files, directory, sizeBytes)) {
                return new Payload(image, "an ext4 image with " + files.size() + " files of this project");
            }
        }
        pack(files, image);
        return new Payload(image, files.size() + " files of this project, one after another (there is no mke2fs here)");
    }

    private static List<Path> chosen(long bytesAtMost) throws IOException {
        List<Path> chosen = new ArrayList<>();
        long bytes = 0;
        for (Path file : candidates()) {
            bytes += Files.size(file);
            if (bytes > bytesAtMost) {
                break;
            }
            chosen.add(file);
        }
        return chosen;
    }

    /** Returns the classes of this program, the jars beside them, and the sources, if it runs where it was built. */
    private static List<Path> candidates() throws IOException {
        Path program = program();
        List<Path> files = new ArrayList<>(filesIn(program));
        files.addAll(filesIn(program.resolveSibling("lib")));
        for (Path top = program; top != null; top = top.getParent()) {
            if (Files.exists(top.resolve("pom.xml")) && Files.isDirectory(top.resolve("driver/src"))) {
                for (String module : List.of("sm-api", "driver", "host-agent", "test-harness")) {
                    files.addAll(filesIn(top.resolve(module).resolve("src")));
                }
                break;
            }
        }
        return files;
    }

    private static Path program() throws IOException {
        try {
            return Path.of(Payload.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IOException("cannot tell where this program is: " + e.getMessage(), e);
        }
    }

    /** Returns all files below {@code path}, or itself if it is one; sorted. */
    private static List<Path> filesIn(Path path) throws IOException {
        if (!Files.exists(path)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(path)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** Returns whether there is an image now; mke2fs cannot be given files before version 1.43. */
    private static boolean ext4(Path mke2fs, List<Path> files, Path directory, long sizeBytes) throws IOException {
        Path staging = Files.createDirectory(directory.resolve("files"));
        Path common = commonDirectory(files);
        for (Path file : files) {
            Path copy = staging.resolve(common.relativize(file).toString());
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        }
        Path image = directory.resolve("image");
        Path log = directory.resolve("mke2fs.log");
        Process process = new ProcessBuilder(
                        mke2fs.toString(),
                        "-q",
                        "-F",
                        "-t",
                        "ext4",
                        "-L",
                        "catena",
                        "-d",
                        staging.toString(),
                        image.toString(),
                        sizeBytes / 1024 + "k")
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean made = ended(process) && process.exitValue() == 0;
        Deleting.tree(staging);
        Files.delete(log);
        return made;
    }

    private static boolean ended(Process process) throws InterruptedIOException {
        try {
            if (process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return true;
            }
            process.destroyForcibly();
            return false;
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while mke2fs was running");
        }
    }

    private static Path commonDirectory(List<Path> files) throws IOException {
        Path common = program().getParent();
        for (Path file : files) {
            while (common != null && !file.startsWith(common)) {
                common = common.getParent();
            }
        }
        return common == null ? Path.of("/") : common;
    }

    private static void pack(List<Path> files, Path image) throws IOException {
        Files.deleteIfExists(image);
        Files.createFile(image);
        for (Path file : files) {
            Files.write(image, Files.readAllBytes(file), StandardOpenOption.APPEND);
        }
    }
}
