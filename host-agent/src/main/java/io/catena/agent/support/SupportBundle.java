package io.catena.agent.support;

import com.google.gson.JsonElement;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.json.Json;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.tool.HostFile;
import io.catena.tool.VhdInfo;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What somebody who is to help has to see of a host: texts, without secrets and without a disk's content. What cannot be had is
 * named, with the reason; all else is there. For one thread.
 */
public final class SupportBundle implements Closeable {
    private static final List<String> OF_AGENT =
            List.of("srs", "jobs", "events?limit=1000", "guests", "schedules", "clients");

    private static final List<String> OF_SR = List.of("", "/capacity", "/space", "/tree", "/nodes", "/gc", "/vdis");
    private static final List<String> OF_KERNEL =
            List.of("/proc/version", "/proc/meminfo", "/proc/mounts", "/proc/uptime", "/etc/os-release");

    /** Of a larger file, the end is taken. */
    private static final int MOST_CHARS = 32 << 20;

    private static final int MOST_NODES = 10_000;

    private final TarGz archive;
    private final StringBuilder missing = new StringBuilder();

    /**
     * @param out is closed with this
     */
    public SupportBundle(OutputStream out, Clock clock) throws IOException {
        archive = new TarGz(out, clock.instant().getEpochSecond());
    }

    /** What gives a text, or says why not. */
    @FunctionalInterface
    public interface Source {
        String text() throws IOException;
    }

    /** Adds a text under a name. */
    public void add(String name, Source source) throws IOException {
        String text;
        try {
            text = source.text();
        } catch (IOException | UncheckedIOException | SrException e) {
            missing.append(name).append(": ").append(e).append('\n');
            return;
        }
        archive.add(name, Secrets.hidden(text.substring(Math.max(0, text.length() - MOST_CHARS))));
    }

    /** Adds a file that may be absent. */
    public void addFile(String name, Path file) throws IOException {
        if (Files.isRegularFile(file)) {
            add(name, () -> end(file));
        }
    }

    /** Returns the end of a file, which may be large, and hold what is no text: names of files, for instance. */
    public static String end(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            in.skipNBytes(Math.max(0, Files.size(file) - MOST_CHARS));
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Adds what a kernel tells of itself. */
    public void addKernel() throws IOException {
        for (String file : OF_KERNEL) {
            Path path = Path.of(file);
            addFile("host/" + path.getFileName(), path);
        }
    }

    /** Adds what the agent tells, and what lies in the directories of its SRs. */
    public void addAgent(ControlClient agent) throws IOException {
        for (String what : OF_AGENT) {
            add("agent/" + what.replaceFirst("\\?.*", "") + ".json", () -> told(agent, what));
        }
        List<Sr> srs;
        try {
            srs = Json.list(agent.get("/v1/srs"), Sr.class);
        } catch (SrException e) {
            return;
        }
        for (Sr sr : srs) {
            addSr(agent, sr);
        }
    }

    private void addSr(ControlClient agent, Sr sr) throws IOException {
        String folder = "srs/" + sr.id() + "/";
        if (!sr.attached()) {
            return;
        }
        for (String what : OF_SR) {
            String name = what.isEmpty() ? "sr" : what.substring(1);
            add(folder + name + ".json", () -> told(agent, "srs/" + sr.id() + what));
        }
        Path directory = Path.of(sr.path());
        add(folder + "files.txt", () -> listing(directory));
        add(folder + "headers.json", () -> headers(directory));
    }

    private static String told(ControlClient agent, String what) {
        JsonElement answer = agent.get("/v1/" + what);
        return Json.write(answer) + "\n";
    }

    /** Returns length, room and time of each file, also of records and journals. */
    private static String listing(Path directory) throws IOException {
        StringBuilder listing = new StringBuilder();
        try (Stream<Path> files = Files.walk(directory, 4)) {
            for (Path file : files.limit(MOST_NODES).sorted().toList()) {
                listing.append(line(directory, file));
            }
        }
        return listing.toString();
    }

    private static String line(Path directory, Path file) {
        String name = directory.relativize(file).toString();
        try {
            Map<String, Object> seen =
                    Files.readAttributes(file, "unix:size,ino,mode,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
            return new TreeMap<>(seen) + " " + name + "\n";
        } catch (IOException e) {
            return e + " " + name + "\n";
        }
    }

    /** Returns footers, headers and the number of blocks in the table of each VHD; none of its sectors. */
    private static String headers(Path directory) throws IOException {
        Map<String, Object> headers = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file :
                    files.filter(SupportBundle::isVhd).limit(MOST_NODES).toList()) {
                headers.put(String.valueOf(file.getFileName()), header(file));
            }
        }
        return Json.write(headers) + "\n";
    }

    private static boolean isVhd(Path file) {
        return file.toString().endsWith(".vhd") && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    private static Object header(Path path) {
        try {
            HostFile file = HostFile.of(path);
            return VhdInfo.of(file.storage(), file.name());
        } catch (IOException e) {
            return Optional.ofNullable(e.getMessage()).orElseGet(e::toString);
        }
    }

    @Override
    public void close() throws IOException {
        try (TarGz closing = archive) {
            closing.add("missing.txt", Secrets.hidden(missing.toString()));
        }
    }
}
