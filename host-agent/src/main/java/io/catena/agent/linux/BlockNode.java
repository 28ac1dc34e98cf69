package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A block device of this host, whatever it is made of.
 *
 * @param path for instance {@code /dev/loop0}
 */
public record BlockNode(Path path) {
    private static final Path BLOCK_DEVICES = Path.of("/sys/block");
    private static final int SECTOR_BYTES = 512;
    private static final int KIND_OF_FILE = 0170000;
    private static final int BLOCK_DEVICE = 0060000;
    private static final int MODE = 0600;

    /** Where the kernel tells of the device. */
    Path description() {
        return BLOCK_DEVICES.resolve(path.getFileName());
    }

    /** In a container nobody makes the nodes of new devices. */
    void makeIfAbsent() throws IOException {
        if (!Files.exists(path)) {
            String[] number = read("dev").split(":", 2);
            Libc.mknod(
                    path.toString(), BLOCK_DEVICE | MODE, number(Long.parseLong(number[0]), Long.parseLong(number[1])));
        }
    }

    /** Has udev look at the device again. */
    public void announce() throws IOException {
        Files.writeString(description().resolve("uevent"), "change", StandardCharsets.US_ASCII);
    }

    /** Source: {@code makedev(3)}. */
    private static long number(long major, long minor) {
        return (major << 8) | (minor & 0xFF) | ((minor & ~0xFFL) << 12);
    }

    /** Returns the device's size. */
    public long sizeBytes() throws IOException {
        return Long.parseLong(read("size")) * SECTOR_BYTES;
    }

    private String read(String fact) throws IOException {
        return Files.readString(description().resolve(fact), StandardCharsets.UTF_8)
                .strip();
    }

    /** Reads the start of the device, past its page cache; waits for as long as the device does. */
    public void readStart() throws IOException {
        try (NativeBuffer buffer = new NativeBuffer(NativeBuffer.PAGE_BYTES)) {
            int descriptor = Libc.open(path.toString(), Libc.O_RDONLY | Libc.O_DIRECT | Libc.O_CLOEXEC);
            try {
                Libc.read(descriptor, buffer.at(0), NativeBuffer.PAGE_BYTES);
            } finally {
                Libc.close(descriptor);
            }
        } catch (LastErrorException e) {
            throw new IOException("read of " + path + ": " + e.getMessage(), e);
        }
    }

    /** Makes all that was written to the device durable, as far as what it is made of can. */
    public void sync() throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Whether somebody has the device for himself, as a mounted file system has it, or one on a partition of it. */
    private boolean isClaimed() throws IOException {
        try {
            Libc.close(Libc.open(path.toString(), Libc.O_RDONLY | Libc.O_EXCL | Libc.O_CLOEXEC));
            return false;
        } catch (LastErrorException e) {
            if (e.getErrorCode() == Libc.EBUSY) {
                return true;
            }
            throw new IOException("open of " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns who uses the device, in words; empty if nobody does. It is opened for that, and so may be read by the kernel, which
     * looks for partitions.
     */
    public List<String> holders() throws IOException {
        List<String> holders = visibleHolders();
        if (holders.isEmpty() && isClaimed()) {
            holders.add("mounted elsewhere, or in use by the kernel");
        }
        return holders;
    }

    /** As {@link #holders}, without opening the device, which could wait for ever: not all can be seen then. */
    public List<String> visibleHolders() throws IOException {
        List<String> holders = new ArrayList<>();
        MountTable.read().of(path).forEach(point -> holders.add("mounted at " + point));
        try (var devices = Files.newDirectoryStream(description().resolve("holders"))) {
            devices.forEach(device -> holders.add("part of the device " + device.getFileName()));
        }
        holders.addAll(openers());
        return holders;
    }

    List<String> openers() throws IOException {
        List<String> openers = new ArrayList<>();
        try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (hasOpen(process)) {
                    openers.add("open in process " + process.getFileName() + " (" + nameOf(process) + ")");
                }
            }
        }
        return openers;
    }

    private boolean hasOpen(Path process) {
        String[] descriptors = process.resolve("fd").toFile().list();
        return descriptors != null && Arrays.stream(descriptors).anyMatch(number -> isThis(process, number));
    }

    /** Also if it is a partition, such as {@code /dev/nbd0p1}. */
    private boolean isThis(Path process, String descriptor) {
        Path link = process.resolve("fd").resolve(descriptor);
        try {
            String open = Files.readSymbolicLink(link).toString();
            return (open.equals(path.toString()) || open.startsWith(path + "p")) && isBlockDevice(link);
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    /** Among his own mounts any user can have a file of any name below {@code /dev}, but no device. */
    private static boolean isBlockDevice(Path link) throws IOException {
        return Files.getAttribute(link, "unix:mode") instanceof Integer mode && (mode & KIND_OF_FILE) == BLOCK_DEVICE;
    }

    /** Of any bytes: a process chooses its name. */
    private static String nameOf(Path process) {
        try {
            return new String(Files.readAllBytes(process.resolve("comm")), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "gone by now";
        }
    }
}
