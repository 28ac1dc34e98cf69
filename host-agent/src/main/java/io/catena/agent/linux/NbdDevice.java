package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import io.catena.agent.linux.GenericNetlink.Family;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A block device whose requests the kernel sends to an NBD server. It outlives the process that made it: without a server
 * its requests wait for a new one, for as long as was agreed when it was made.
 *
 * <p>What a server did not answer before it went, the kernel sends to its successor, but only when it has waited for the
 * answer for five seconds (it looks no more often).
 *
 * <p>Source: the kernel's {@code include/uapi/linux/nbd-netlink.h} and {@code drivers/block/nbd.c}. The identifier, by which
 * a device is found again, is there since Linux 5.14.
 *
 * @param node for instance {@code /dev/nbd0}
 * @param identifier by which its maker knows it
 */
public record NbdDevice(BlockNode node, String identifier) {
    private static final String FAMILY = "nbd";
    private static final Path MODULE = Path.of("/sys/module/nbd");
    private static final Path BLOCK_DEVICES = Path.of("/sys/block");

    private static final int CONNECT = 1;
    private static final int DISCONNECT = 2;
    private static final int RECONFIGURE = 3;

    private static final int INDEX = 1;
    private static final int SIZE_BYTES = 2;
    private static final int BLOCK_SIZE_BYTES = 3;
    private static final int TIMEOUT_SECONDS = 4;
    private static final int SERVER_FLAGS = 5;
    private static final int SOCKETS = 7;
    private static final int SOCKET_ITEM = 1;
    private static final int SOCKET_DESCRIPTOR = 1;
    private static final int DEAD_CONNECTION_SECONDS = 8;
    private static final int IDENTIFIER = 10;

    private static final long SECTOR_BYTES = 512;

    /** However long an answer takes, the connection is not given up for that. */
    private static final long NO_TIMEOUT = 0;

    private static final Duration UNANSWERED = Duration.ofSeconds(5);

    /** Whether the kernel, as it is now, has all that is needed; its module is not loaded for that. */
    public static boolean isAvailable() throws IOException {
        if (!Files.isDirectory(MODULE)) {
            return false;
        }
        try (GenericNetlink netlink = GenericNetlink.open()) {
            return netlink.family(FAMILY)
                    .filter(family -> family.maxAttribute() >= IDENTIFIER)
                    .isPresent();
        }
    }

    /**
     * Makes a device, with sectors of 512 bytes. All happens in one call of the kernel: a crash leaves a device that can be
     * found, or none.
     *
     * @param identifier by which it is found again among {@link #all}; without line ends
     * @param server a connection whose handshake is done, without structured replies; the kernel shares it then
     * @param flags the server's transmission flags
     * @param patience for how long requests wait if there is no server
     */
    public static NbdDevice connect(String identifier, UnixSocket server, long sizeBytes, int flags, Duration patience)
            throws IOException {
        List<NetlinkAttribute> answer = request(
                CONNECT,
                NetlinkAttribute.ofLong(SIZE_BYTES, sizeBytes),
                NetlinkAttribute.ofLong(BLOCK_SIZE_BYTES, SECTOR_BYTES),
                NetlinkAttribute.ofLong(TIMEOUT_SECONDS, NO_TIMEOUT),
                NetlinkAttribute.ofLong(DEAD_CONNECTION_SECONDS, patience.toSeconds()),
                NetlinkAttribute.ofLong(SERVER_FLAGS, flags),
                sockets(server),
                NetlinkAttribute.ofString(IDENTIFIER, identifier));
        NbdDevice device = new NbdDevice(node(NetlinkAttribute.number(answer, INDEX)), identifier);
        try {
            device.node.makeIfAbsent();
            device.askAgainAfter(UNANSWERED);
            // The kernel announced it before it had its identifier.
            device.node.announce();
            return device;
        } catch (IOException | LastErrorException e) {
            device.disconnect();
            throw new IOException(device.node.path() + " cannot be set up: " + e.getMessage(), e);
        }
    }

    /** Without a timeout the kernel looks this often whether an unanswered request was sent to a server that is gone. */
    private void askAgainAfter(Duration time) throws IOException {
        Path setting = node.description().resolve("queue/io_timeout");
        Files.writeString(setting, Long.toString(time.toMillis()), StandardCharsets.US_ASCII);
    }

    private static NetlinkAttribute sockets(UnixSocket server) {
        NetlinkAttribute descriptor = NetlinkAttribute.ofInt(SOCKET_DESCRIPTOR, server.descriptor());
        return NetlinkAttribute.ofList(SOCKETS, NetlinkAttribute.ofList(SOCKET_ITEM, descriptor));
    }

    private static BlockNode node(int index) {
        return new BlockNode(Path.of("/dev/nbd" + index));
    }

    /** Returns the devices that have an identifier. */
    public static List<NbdDevice> all() throws IOException {
        List<NbdDevice> found = new ArrayList<>();
        try (var devices = Files.newDirectoryStream(BLOCK_DEVICES, "nbd*")) {
            for (Path device : devices) {
                String identifier = identifier(device);
                if (!identifier.isEmpty()) {
                    found.add(new NbdDevice(new BlockNode(Path.of("/dev").resolve(device.getFileName())), identifier));
                }
            }
        }
        return found;
    }

    /** Empty if the device is free, or its maker gave it none. */
    private static String identifier(Path description) throws IOException {
        try {
            return Files.readString(description.resolve("backend"), StandardCharsets.UTF_8)
                    .strip();
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    /** Whether the device is still what it was made; it is until the last one who has it open lets go. */
    public boolean isPresent() throws IOException {
        return identifier(node.description()).equals(identifier);
    }

    /**
     * Gives the device another server in the place of one that is gone. A kernel that has not noticed yet that it is gone lets
     * go of the new connection, without a word.
     *
     * @param server as for {@link #connect}
     */
    public void reconnect(UnixSocket server, long sizeBytes) throws IOException {
        request(
                RECONFIGURE,
                index(),
                NetlinkAttribute.ofLong(SIZE_BYTES, sizeBytes),
                NetlinkAttribute.ofLong(BLOCK_SIZE_BYTES, SECTOR_BYTES),
                sockets(server),
                NetlinkAttribute.ofString(IDENTIFIER, identifier));
    }

    /** Gives the device another size; who has it open sees that. */
    public void resize(long sizeBytes) throws IOException {
        request(
                RECONFIGURE,
                index(),
                NetlinkAttribute.ofLong(SIZE_BYTES, sizeBytes),
                NetlinkAttribute.ofLong(BLOCK_SIZE_BYTES, SECTOR_BYTES),
                NetlinkAttribute.ofString(IDENTIFIER, identifier));
    }

    /**
     * Ends the device if nobody has it for himself, with all that was written to it durable.
     *
     * <ol>
     *   <li>Take it for ourselves, so that it is not mounted meanwhile.
     *   <li>Write what its page cache holds, and have the server flush.
     *   <li>Disconnect. Who still has it open gets errors.
     * </ol>
     *
     * @return false if somebody has it for himself, as a mounted file system has it; nothing has happened then
     */
    public boolean disconnectUnused(boolean readOnly) throws IOException {
        int flags = (readOnly ? Libc.O_RDONLY : Libc.O_RDWR) | Libc.O_EXCL | Libc.O_CLOEXEC;
        try {
            int claim = Libc.open(node.path().toString(), flags);
            try {
                if (!readOnly) {
                    Libc.fsync(claim);
                }
                disconnect();
                return true;
            } finally {
                Libc.close(claim);
            }
        } catch (LastErrorException e) {
            if (e.getErrorCode() == Libc.EBUSY) {
                return false;
            }
            throw new IOException(node.path() + " cannot be flushed and disconnected: " + e.getMessage(), e);
        }
    }

    /** Ends the device, whoever uses it: they get errors, as from a disk that was pulled out. */
    public void disconnect() throws IOException {
        request(DISCONNECT, index());
    }

    private NetlinkAttribute index() {
        String name = node.path().getFileName().toString();
        return NetlinkAttribute.ofInt(INDEX, Integer.parseInt(name.substring("nbd".length())));
    }

    private static List<NetlinkAttribute> request(int command, NetlinkAttribute... attributes) throws IOException {
        try (GenericNetlink netlink = GenericNetlink.open()) {
            Family family = netlink.family(FAMILY).orElseThrow(() -> new IOException("the kernel has no NBD now"));
            return netlink.request(family.id(), command, List.of(attributes));
        }
    }
}
