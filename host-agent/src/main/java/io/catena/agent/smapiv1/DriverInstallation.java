package io.catena.agent.smapiv1;

import io.catena.agent.log.Version;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The driver's executables in the directory where XAPI looks for storage drivers. Each appears, and is replaced, by a rename: XAPI
 * never finds half of one.
 */
public final class DriverInstallation {
    /** Where XAPI looks. */
    public static final Path ROOT = Path.of("/opt/xensource/sm");

    private static final String NEW = ".catena-new";
    private static final String MARK = "Installed by \"catena smapi install --v1\"";
    private static final Pattern PLAIN = Pattern.compile("[^'\"\\\\\\p{Cntrl}]+");

    private final Path root;

    public DriverInstallation(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    /**
     * A type of SR.
     *
     * @param type XAPI's name of it
     * @param file the executable: the name, and "SR"
     */
    record SrType(String type, String file, String description, List<String> configuration) {}

    private static final List<SrType> TYPES = List.of(
            new SrType(
                    "catena",
                    "CatenaSR",
                    "Chains of VHD files in a directory",
                    List.of("location", "directory that holds the SR, absolute (required)")),
            new SrType(
                    NfsPlace.TYPE,
                    "CatenaNFSSR",
                    "Chains of VHD files on an NFS server",
                    List.of(
                            "server", "name or address of the server (required)",
                            "serverpath", "path of the export (required)",
                            "nfsversion", "4.1 or 4.2",
                            "options", "further options of the mount")));

    /** Returns the types of SRs that are installed: what XAPI's list of plugins has to name. */
    public static List<String> types() {
        return TYPES.stream().map(SrType::type).toList();
    }

    /**
     * Installs the driver, or replaces it.
     *
     * @param runDirectory of the agent that is to be called
     * @return the executables
     */
    public List<Path> install(Path runDirectory, DriverOptions options) throws IOException {
        List<Path> made = new ArrayList<>();
        for (SrType type : TYPES) {
            Path file = root.resolve(type.file());
            refuseOthers(file);
            Path prepared = root.resolve(type.file() + NEW);
            Files.writeString(prepared, launcher(type, runDirectory, options), StandardCharsets.UTF_8);
            Files.setPosixFilePermissions(prepared, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.move(prepared, file, StandardCopyOption.ATOMIC_MOVE);
            made.add(file);
        }
        return made;
    }

    /**
     * Removes what {@link #install} made, and nothing else.
     *
     * @return the files of that name that stay because they are others'
     */
    public List<Path> uninstall() throws IOException {
        List<Path> kept = new ArrayList<>();
        for (SrType type : TYPES) {
            Files.deleteIfExists(root.resolve(type.file() + NEW));
            Path file = root.resolve(type.file());
            if (isOurs(file)) {
                Files.delete(file);
            } else if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                kept.add(file);
            }
        }
        return kept;
    }

    private static void refuseOthers(Path file) throws IOException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !isOurs(file)) {
            throw new SrException(SrError.BAD_REQUEST, file + " is there, and Catena did not make it")
                    .correction("Move it away.");
        }
    }

    private static boolean isOurs(Path file) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && Files.readString(file, StandardCharsets.ISO_8859_1).contains(MARK);
    }

    private static String launcher(SrType type, Path runDirectory, DriverOptions options) throws IOException {
        return template()
                .replace("@RUN_DIR@", plain(runDirectory.toAbsolutePath().normalize()))
                .replace("@OPTION@", options.toOption())
                .replace("@TYPE@", type.type())
                .replace("@CLASS@", type.file())
                .replace("@DESCRIPTION@", type.description())
                .replace("@VERSION@", Version.TEXT)
                .replace("@CONFIGURATION@", configuration(type.configuration()));
    }

    private static String configuration(List<String> keysAndTexts) {
        StringBuilder items = new StringBuilder();
        for (int i = 0; i < keysAndTexts.size(); i += 2) {
            items.append(i == 0 ? "" : ", ").append("{\"key\": \"").append(keysAndTexts.get(i));
            items.append("\", \"description\": \"")
                    .append(keysAndTexts.get(i + 1))
                    .append("\"}");
        }
        return items.toString();
    }

    /** The launcher is a program; it must not be made to say something else by a name. */
    private static String plain(Path path) {
        if (!PLAIN.matcher(path.toString()).matches()) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The run directory " + path + " has a quote or another character that Python would read")
                    .correction("Choose a run directory with a plainer name.");
        }
        return path.toString();
    }

    private static String template() throws IOException {
        try (InputStream in = Objects.requireNonNull(DriverInstallation.class.getResourceAsStream("CatenaSR"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
