package io.catena.agent.block;

import io.catena.agent.linux.NbdDevice;
import io.catena.agent.linux.UnixSocket;
import io.catena.agent.nbd.client.ClientHandshake;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.log.LogLine;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A disk as an NBD device of the kernel.
 *
 * <pre>
 * /dev/nbdN  -&gt;  Unix socket  -&gt;  NbdServer  -&gt;  BlockDevice
 * </pre>
 *
 * <p>The device survives the agent, also a kill: its requests wait until the next agent gives it a connection. Flushes, writes
 * with FUA and discards of the device are those of the disk. As with every device that a process of the same host serves, a host
 * that is out of memory may wait for its own writes; nothing is done against that here.
 */
final class KernelNbdExport implements DeviceExport {
    private static final Logger LOG = Logger.getLogger(KernelNbdExport.class.getName());

    /** Long enough for any repair of the agent; then who uses the device gets errors instead of waiting. */
    private static final Duration WITHOUT_AGENT = Duration.ofDays(1);

    private static final Duration HANDSHAKE_PATIENCE = Duration.ofSeconds(10);

    /** How long the kernel may take to notice that its old connection has ended, and to read with the new one. */
    private static final Duration TAKE_OVER_DEADLINE = Duration.ofSeconds(20);

    private static final Duration READ_PATIENCE = Duration.ofSeconds(1);

    private final NbdDevice device;
    private final BlockDevice disk;

    private KernelNbdExport(NbdDevice device, BlockDevice disk) {
        this.device = device;
        this.disk = disk;
    }

    /** Makes a device. */
    static KernelNbdExport make(Path file, Path socket, VdiId vdi, BlockDevice disk) throws IOException {
        try (UnixSocket server = UnixSocket.connect(socket, HANDSHAKE_PATIENCE)) {
            ClientHandshake.Welcome welcome = ClientHandshake.perform(server, vdi.toString());
            NbdDevice device = NbdDevice.connect(
                    file.toString(), server, welcome.sizeBytes(), welcome.transmissionFlags(), WITHOUT_AGENT);
            return new KernelNbdExport(device, disk);
        }
    }

    /**
     * Gives a device that lost its agent this one.
     *
     * <ol>
     *   <li>Offer the kernel a connection. It takes it only if it has noticed that the old one ended, and does not say so.
     *   <li>Read from the device; an answer, also an error, proves that the connection was taken.
     *   <li>Without an answer, offer another.
     * </ol>
     */
    static KernelNbdExport takeOver(NbdDevice device, Path socket, VdiId vdi, BlockDevice disk) throws IOException {
        offer(device, socket, vdi);
        CountDownLatch answered = new CountDownLatch(1);
        Thread reader = new Thread(
                () -> read(device, answered), "read-" + device.node().path().getFileName());
        reader.setDaemon(true);
        reader.start();
        long deadline = System.nanoTime() + TAKE_OVER_DEADLINE.toNanos();
        while (!isAnswered(answered)) {
            if (System.nanoTime() >= deadline) {
                throw new IOException(device.node().path() + " did not take a connection to " + socket + " within "
                        + TAKE_OVER_DEADLINE.toSeconds() + " s");
            }
            offer(device, socket, vdi);
        }
        return new KernelNbdExport(device, disk);
    }

    private static void offer(NbdDevice device, Path socket, VdiId vdi) throws IOException {
        try (UnixSocket server = UnixSocket.connect(socket, HANDSHAKE_PATIENCE)) {
            device.reconnect(
                    server, ClientHandshake.perform(server, vdi.toString()).sizeBytes());
        }
    }

    private static void read(NbdDevice device, CountDownLatch answered) {
        try {
            device.node().readStart();
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    LogLine.of("block-read-failed", "device", device.node().path()),
                    e);
        } finally {
            answered.countDown();
        }
    }

    private static boolean isAnswered(CountDownLatch answered) throws IOException {
        try {
            return answered.await(READ_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a device's new connection");
        }
    }

    @Override
    public Path device() {
        return device.node().path();
    }

    @Override
    public synchronized void resized() throws IOException {
        device.resize(disk.sizeBytes());
    }

    /** Nothing is to be done: the connection ends, in order, with the export over NBD. */
    @Override
    public void letGo(Duration deadline) {}

    /**
     * {@inheritDoc}
     *
     * <ol>
     *   <li>Wait until nobody uses it.
     *   <li>Have it written, flushed and disconnected ({@link NbdDevice#disconnectUnused}).
     *   <li>Wait for whoever opened it meanwhile.
     *   <li>Have udev forget its name: the kernel announced the end before the identifier was gone.
     * </ol>
     */
    @Override
    public synchronized void remove(Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (device.isPresent() && !(holders().isEmpty() && device.disconnectUnused(disk.readOnly()))) {
            new HeldException(device(), holders()).unlessBefore(deadline);
        }
        while (device.isPresent()) {
            new HeldException(device(), holders()).unlessBefore(deadline);
        }
        device.node().announce();
    }

    private List<String> holders() throws IOException {
        return device.node().holders();
    }
}
