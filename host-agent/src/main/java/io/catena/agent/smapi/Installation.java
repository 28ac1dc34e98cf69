package io.catena.agent.smapi;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The plugins' executables below the directory that {@code xapi-storage-script} watches: for each plugin a directory with
 * one launcher and a link to it for every method.
 *
 * <p>At no moment does the caller see half of it. A plugin that is new is made elsewhere and appears under its name by a
 * rename. In one that is there each file is replaced by a rename, so every method has an executable all the time. The two
 * directories that hold plugins are never removed: the caller watches them.
 */
public final class Installation {
    static final String VOLUME = "volume";
    static final String DATAPATH = "datapath";

    private static final String LAUNCHER = "catena-launcher";
    private static final String NEW = ".new";
    private static final Pattern PLAIN = Pattern.compile("[^'\"\\\\$`&|\\p{Cntrl}]+");

    private final Path root;

    /**
     * @param root the directory that {@code xapi-storage-script} watches
     */
    public Installation(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    /** A plugin's directory and its methods. */
    public record Plugin(String kind, String directory, List<String> methods) {
        static Plugin of(String kind, String name, PluginMethod... methods) {
            return new Plugin(
                    kind,
                    kind + "/" + name,
                    Arrays.stream(methods).map(PluginMethod::executable).toList());
        }
    }

    /** Returns the plugins, in the order in which they are installed: a volume must not appear before its datapath. */
    public static List<Plugin> plugins() {
        return List.of(
                Plugin.of(DATAPATH, VolumeUri.SCHEME, DatapathMethod.values()),
                Plugin.of(VOLUME, "org.xen.xapi.storage." + VolumeUri.SCHEME, VolumeMethod.values()));
    }

    /**
     * Installs the plugins, or replaces them.
     *
     * @param runDirectory of the agent that is to be called
     * @param offer how disks are reached
     */
    public void install(Path runDirectory, Offer offer) throws IOException {
        String directory = plain(runDirectory.toAbsolutePath().normalize());
        for (Plugin plugin : plugins()) {
            String option = plugin.kind().equals(DATAPATH) ? offer.toOption() : "";
            String launcher = template()
                    .replace("@RUN_DIR@", directory)
                    .replace("@PLUGIN@", plugin.kind())
                    .replace("@OPTION@", option);
            install(plugin, launcher);
        }
    }

    /**
     * Removes what {@link #install} made, and nothing else.
     *
     * @return the plugins' directories that stay because they hold files of others
     */
    public List<Path> uninstall() throws IOException {
        List<Path> kept = new ArrayList<>();
        for (int i = plugins().size() - 1; i >= 0; i--) {
            Path directory = root.resolve(plugins().get(i).directory());
            if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) && !uninstall(directory)) {
                kept.add(directory);
            }
        }
        return kept;
    }

    private void install(Plugin plugin, String launcher) throws IOException {
        Path directory = root.resolve(plugin.directory());
        Files.createDirectories(directory.getParent());
        if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            fill(directory, plugin, launcher);
            removeOthers(directory, plugin);
            return;
        }
        Path prepared = Files.createTempDirectory(root, ".catena-");
        try {
            Files.setPosixFilePermissions(prepared, PosixFilePermissions.fromString("rwxr-xr-x"));
            fill(prepared, plugin, launcher);
            Files.move(prepared, directory, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            deleteOwn(prepared);
            throw e;
        }
    }

    private static void fill(Path directory, Plugin plugin, String launcher) throws IOException {
        Path prepared = directory.resolve(LAUNCHER + NEW);
        Files.writeString(prepared, launcher, StandardCharsets.UTF_8);
        Files.setPosixFilePermissions(prepared, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(prepared, directory.resolve(LAUNCHER), StandardCopyOption.ATOMIC_MOVE);
        for (String method : plugin.methods()) {
            Path link = directory.resolve(method + NEW);
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, Path.of(LAUNCHER));
            Files.move(link, directory.resolve(method), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Methods that an earlier version had, and what an interrupted installation left. */
    private static void removeOthers(Path directory, Plugin plugin) throws IOException {
        for (Path file : own(directory)) {
            String name = String.valueOf(file.getFileName());
            if (!name.equals(LAUNCHER) && !plugin.methods().contains(name)) {
                Files.delete(file);
            }
        }
    }

    /** Returns whether nothing is left. If all is ours, it vanishes at once. */
    private boolean uninstall(Path directory) throws IOException {
        if (own(directory).size() < entries(directory).size()) {
            deleteOwn(directory);
            return false;
        }
        Path away = Files.createTempDirectory(root, ".catena-");
        Files.move(directory, away, StandardCopyOption.ATOMIC_MOVE);
        deleteOwn(away);
        return true;
    }

    private static void deleteOwn(Path directory) throws IOException {
        for (Path file : own(directory)) {
            Files.delete(file);
        }
        if (entries(directory).isEmpty()) {
            Files.delete(directory);
        }
    }

    private static List<Path> own(Path directory) throws IOException {
        List<Path> own = new ArrayList<>();
        for (Path file : entries(directory)) {
            String name = String.valueOf(file.getFileName());
            boolean links =
                    Files.isSymbolicLink(file) && Files.readSymbolicLink(file).equals(Path.of(LAUNCHER));
            if (links || name.equals(LAUNCHER) || name.equals(LAUNCHER + NEW)) {
                own.add(file);
            }
        }
        return own;
    }

    private static List<Path> entries(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            files.forEach(entries::add);
        }
        return entries;
    }

    /** The launcher is a program in two languages; it must not be made to say something else by a name. */
    private static String plain(Path path) {
        if (!PLAIN.matcher(path.toString()).matches()) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The run directory " + path + " has a quote or another character that a shell would read")
                    .correction("Choose a run directory with a plainer name.");
        }
        return path.toString();
    }

    private static String template() throws IOException {
        try (InputStream in = Objects.requireNonNull(Installation.class.getResourceAsStream("launcher"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
