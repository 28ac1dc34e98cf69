package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
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
            new BlockNode(device).makeIfAbsent();
            return new LoopDevice(device);
        } finally {
            Libc.close(control);
        }
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

    /** Gives the device the size that its file has now; who has it open sees that. */
    public void adoptSize() throws IOException {
        control(SET_CAPACITY, "resize");
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

    /** Returns the device as what it has in common with others. */
    public BlockNode node() {
        return new BlockNode(path);
    }

    private int open(int flags) {
        return Libc.open(path.toString(), flags | Libc.O_CLOEXEC);
    }
}
