package io.catena.agent.mount;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A file system of one host on a block device: {@code device}, and if need be {@code directory}.
 *
 * <p>Source: {@code mkfs(8)}, {@code blkid(8)}.
 */
final class DeviceType implements SrType {
    private static final Duration LOOKING = Duration.ofSeconds(30);
    private static final Duration MAKING = Duration.ofMinutes(10);
    private static final int NOTHING_FOUND = 2;
    private static final int KIND_OF_FILE = 0170000;
    private static final int BLOCK_DEVICE = 0060000;

    private final String name;
    private final String fileSystem;
    private final List<String> mkfs;
    private final Programs programs;

    private DeviceType(String name, String fileSystem, List<String> mkfs, Programs programs) {
        this.name = name;
        this.fileSystem = fileSystem;
        this.mkfs = mkfs;
        this.programs = programs;
    }

    /** With {@code mmp}, the kernel refuses to mount it while another host has it mounted. */
    static DeviceType ext(Programs programs) {
        return new DeviceType("ext", "ext4", List.of("mkfs.ext4", "-q", "-m", "0", "-O", "mmp"), programs);
    }

    static DeviceType xfs(Programs programs) {
        return new DeviceType("xfs", "xfs", List.of("mkfs.xfs", "-q"), programs);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Wanted wanted(SrLocation location) {
        location.allowOnly(Set.of("device", Wanted.DIRECTORY));
        String device = location.required("device");
        try {
            if (Path.of(device).isAbsolute() && !device.contains(",")) {
                List<String> options = List.of("nosuid", "nodev", "noexec", "noatime");
                return new Wanted(
                        fileSystem, Path.of(device).normalize().toString(), options, Wanted.directoryOf(location));
            }
        } catch (InvalidPathException e) {
            throw new SrException(SrError.BAD_REQUEST, "\"" + device + "\" cannot be the path of a device", e);
        }
        throw new SrException(SrError.BAD_REQUEST, "\"" + device + "\" is not the absolute path of a device");
    }

    /** Never makes a file system where something is, whoever says so. */
    @Override
    public void prepare(Wanted wanted, boolean format) throws IOException {
        Path device = blockDevice(wanted.source());
        String found = found(device);
        if (found.isEmpty() && format) {
            make(device);
        } else if (found.isEmpty()) {
            throw new SrException(SrError.SR_CREATE, device + " has no file system")
                    .correction("If nothing on it is needed, add --format, which makes one.");
        } else if (format || !found.equals(fileSystem)) {
            throw new SrException(SrError.SR_CREATE, device + " is not empty: it holds " + found)
                    .correction("If it is not needed, erase it first: wipefs -a " + device
                            + (found.equals(fileSystem)
                                    ? "; to use the file system as it is, leave out --format"
                                    : ""));
        }
    }

    private static Path blockDevice(String source) throws IOException {
        Path device = Path.of(source);
        if (Files.exists(device)
                && Files.getAttribute(device, "unix:mode") instanceof Integer mode
                && (mode & KIND_OF_FILE) == BLOCK_DEVICE) {
            return device.toRealPath();
        }
        throw new SrException(SrError.SR_CREATE, source + " is not a block device")
                .correction("Give one, best by a name below /dev/disk/by-id, which stays the same.");
    }

    /** Returns what kind of file system, or of something else, is on a device; empty for nothing at all. */
    private String found(Path device) throws IOException {
        Programs.Result result = programs.run(LOOKING, List.of("blkid", "-p", "-o", "export", "--", device.toString()));
        if (result.exitCode() == NOTHING_FOUND && result.output().isEmpty()) {
            return "";
        }
        if (result.exitCode() != 0) {
            throw new SrException(SrError.SR_CREATE, "It cannot be told what is on " + device + ": " + result.output());
        }
        return result.output()
                .lines()
                .filter(line -> line.startsWith("TYPE=") || line.startsWith("PTTYPE="))
                .map(line -> line.replaceFirst("^[A-Z]+=", ""))
                .findFirst()
                .orElse("something");
    }

    private void make(Path device) throws IOException {
        List<String> command = new ArrayList<>(mkfs);
        command.add(device.toString());
        Programs.Result result = programs.run(MAKING, command);
        if (result.exitCode() != 0) {
            throw new SrException(
                    SrError.SR_CREATE, "No file system can be made on " + device + ": " + result.output());
        }
    }
}
