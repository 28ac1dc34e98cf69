package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A file as a block device.
 *
 * <p>Source: {@code loop(4)}, the kernel's {@code include/uapi/linux/loop.h}; {@code LOOP_CONFIGURE} is there since Linux 5.8.
 *
 * @param path of the device, for instance {@code /dev/loop0}
 */
public record LoopDevice(Path path) {
    private static final Path BLOCK_DEVICES = Path.of("/sys/block");
    private static final String CONTROL = "/dev/loop-control";

    private static final long CTL_GET_FREE = 0x4C82;
    private static final long CLR_FD = 0x4C01;
    private static final long SET_CAPACITY = 0x4C07;
    private static final long CONFIGURE = 0x4C0A;

    private static final int CONFIGURATION_BYTES = 304;
    private static final int BLOCK_SIZE_OFFSET = 4;
    private static final int FLAGS_OFFSET = 60;
    private static final int NAME_OFFSET = 64;
    private static final int NAME_BYTES = 64;
    private static final int READ_ONLY = 1;
    private static final int DIRECT_IO = 16;

    private static final int SECTOR_BYTES = 512;
    private static final int LOOP_MAJOR = 7;
    private static final int BLOCK_DEVICE = 0060600;

    /** Others may take the free device that the kernel named. */
    private static final int TRIES = 50;

    /**
     * Makes a device of a file, with sectors of 512 bytes. Its requests reach the file one by one, past the file's page cache.
     */
    public static LoopDevice attach(Path file, boolean readOnly) throws IOException {
        try {
            int backing = Libc.open(file.toString(), (readOnly ? Libc.O_RDONLY : Libc.O_RDWR) | Libc.O_CLOEXEC);
            try {
                return attach(file, backing, readOnly);
            } finally {
                Libc.close(backing);
            }
        } catch (LastErrorException e) {
            throw new IOException("no loop device for " + file + ": " + e.getMessage(), e);
        }
    }

    private static LoopDevice attach(Path file, int backing, boolean readOnly) throws IOException {
        for (int i = 0; i < TRIES; i++) {
            LoopDevice device = free();
            int descriptor = device.open(readOnly ? Libc.O_RDONLY : Libc.O_RDWR);
            try (Memory configuration = configuration(file, backing, readOnly)) {
                Libc.ioctl(descriptor, CONFIGURE, configuration);
                return device;
            } catch (LastErrorException e) {
                if (e.getErrorCode() != Libc.EBUSY) {
                    throw e;
                }
            } finally {
                Libc.close(descriptor);
            }
        }
        throw new IOException("no loop device for " + file + ": another process was faster, " + TRIES + " times");
    }

    private static LoopDevice free() throws IOException {
        int control = Libc.open(CONTROL, Libc.O_RDWR | Libc.O_CLOEXEC);
        try {
            int number = Libc.ioctl(control, CTL_GET_FREE, 0L);
            Path device = Path.of("/dev/loop" + number);
            if (!Files.exists(device)) {
                // In a container nobody makes the nodes of new devices.
                Libc.mknod(device.toString(), BLOCK_DEVICE, deviceNumber(number));
            }
            return new LoopDevice(device);
        } finally {
            Libc.close(control);
        }
    }

    /** Source: {@code makedev(3)}. */
    private static long deviceNumber(int minor) {
        return (LOOP_MAJOR << 8) | (minor & 0xFF) | ((minor & ~0xFFL) << 12);
    }

    private static Memory configuration(Path file, int backing, boolean readOnly) {
        Memory configuration = new Memory(CONFIGURATION_BYTES);
        configuration.clear();
        configuration.setInt(0, backing);
        configuration.setInt(BLOCK_SIZE_OFFSET, SECTOR_BYTES);
        configuration.setInt(FLAGS_OFFSET, DIRECT_IO | (readOnly ? READ_ONLY : 0));
        byte[] name = file.toString().getBytes(StandardCharsets.UTF_8);
        configuration.write(NAME_OFFSET, name, 0, Math.min(name.length, NAME_BYTES - 1));
        return configuration;
    }

    /** Returns the devices whose file is {@code file}. */
    public static List<LoopDevice> of(Path file) throws IOException {
        List<LoopDevice> found = new ArrayList<>();
        try (var devices = Files.newDirectoryStream(BLOCK_DEVICES, "loop*")) {
            for (Path device : devices) {
                if (backingFile(device).equals(file.toString())) {
                    found.add(new LoopDevice(Path.of("/dev").resolve(device.getFileName())));
                }
            }
        }
        return found;
    }

    private static String backingFile(Path device) throws IOException {
        try {
            return Files.readString(device.resolve("loop/backing_file"), StandardCharsets.UTF_8)
                    .strip();
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    /** Whether the device still has a file. */
    public boolean isAttached() throws IOException {
        return !backingFile(BLOCK_DEVICES.resolve(path.getFileName())).isEmpty();
    }

    /** Returns the device's size. */
    public long sizeBytes() throws IOException {
        Path size = BLOCK_DEVICES.resolve(path.getFileName()).resolve("size");
        return Long.parseLong(Files.readString(size, StandardCharsets.UTF_8).strip()) * SECTOR_BYTES;
    }

    /** Gives the device the size that its file has now; who has it open sees that. */
    public void adoptSize() throws IOException {
        control(SET_CAPACITY, "resize");
    }

    /** Makes all that was written to the device durable, as far as its file can. */
    public void sync() throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Takes the file from the device: at once, or when the last one who has it open lets go. */
    public void detach() throws IOException {
        control(CLR_FD, "detach");
    }

    private void control(long request, String what) throws IOException {
        try {
            int descriptor = open(Libc.O_RDONLY);
            try {
                Libc.ioctl(descriptor, request, 0L);
            } finally {
                Libc.close(descriptor);
            }
        } catch (LastErrorException e) {
            if (e.getErrorCode() != Libc.ENXIO) {
                throw new IOException(what + " of " + path + ": " + e.getMessage(), e);
            }
        }
    }

    /** Whether somebody has the device for himself, as a mounted file system has it. */
    private boolean isClaimed() throws IOException {
        try {
            Libc.close(open(Libc.O_RDONLY | Libc.O_EXCL));
            return false;
        } catch (LastErrorException e) {
            if (e.getErrorCode() == Libc.EBUSY) {
                return true;
            }
            throw new IOException("open of " + path + ": " + e.getMessage(), e);
        }
    }

    private int open(int flags) {
        return Libc.open(path.toString(), flags | Libc.O_CLOEXEC);
    }

    /** Returns who uses the device, in words; empty if nobody does. */
    public List<String> holders() throws IOException {
        List<String> holders = new ArrayList<>();
        MountTable.read().of(path).forEach(point -> holders.add("mounted at " + point));
        try (var devices = Files.newDirectoryStream(
                BLOCK_DEVICES.resolve(path.getFileName()).resolve("holders"))) {
            devices.forEach(device -> holders.add("part of the device " + device.getFileName()));
        }
        holders.addAll(openers());
        if (holders.isEmpty() && isClaimed()) {
            holders.add("mounted elsewhere, or in use by the kernel");
        }
        return holders;
    }

    private List<String> openers() throws IOException {
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

    private boolean isThis(Path process, String descriptor) {
        try {
            return Files.readSymbolicLink(process.resolve("fd").resolve(descriptor))
                    .equals(path);
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    private static String nameOf(Path process) {
        try {
            return Files.readString(process.resolve("comm"), StandardCharsets.UTF_8)
                    .strip();
        } catch (IOException e) {
            return "gone by now";
        }
    }
}
