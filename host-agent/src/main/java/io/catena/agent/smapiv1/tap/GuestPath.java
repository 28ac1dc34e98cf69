package io.catena.agent.smapiv1.tap;

import io.catena.agent.nbd.client.NbdDisk;
import io.catena.log.LogLine;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * How guests of Xen reach the disks that are active. The kernel's side of a guest's disk, tapback, takes the link {@code
 * LINKS/SR/VDI}, wants what it leads to to be a tapdisk's socket, and hands the guest's requests to that tapdisk. That in turn is a
 * client of the disk's own NBD socket.
 *
 * <p><b>Threads.</b> Safe for use by many threads; one at a time for each disk.
 */
public final class GuestPath {
    private static final Logger LOG = Logger.getLogger(GuestPath.class.getName());
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Enough to hold a partition table and the start of most file systems. */
    private static final int COMPARED_BYTES = 64 << 10;

    /** Null if there are no tapdisks: the link leads to the disk's own socket. */
    private final @Nullable Tapdisks tapdisks;

    private final Path links;

    /**
     * @param tapCtl the program {@code tap-ctl}; empty for none
     * @param links the directory of the links, beside which tapdisks have their sockets
     */
    public GuestPath(String tapCtl, Path links) {
        this(tapCtl.isEmpty() ? null : new TapCtl(tapCtl), links);
    }

    GuestPath(@Nullable Tapdisks tapdisks, Path links) {
        this.tapdisks = tapdisks;
        this.links = links;
    }

    /** Returns where XAPI is told that the disk is. */
    public static String paramsNbd(Path links, String sr, String vdi) {
        return "nbd:unix:" + link(links, sr, vdi) + ":exportname=" + vdi;
    }

    private static Path link(Path links, String sr, String vdi) {
        return links.resolve(sr).resolve(vdi);
    }

    /**
     * Lets guests reach a disk. Can be repeated.
     *
     * <ol>
     *   <li>Start a tapdisk on the disk's socket, unless there is one.
     *   <li>Read through it: it says that all is well also if the disk's server did not let it in. If what it reads is not what the
     *       disk holds, let it connect again; if that does not help, stop it and fail.
     *   <li>Make the link.
     * </ol>
     *
     * @param socket where the disk is served
     */
    public void open(String sr, String vdi, Path socket, boolean readOnly) throws IOException {
        Tapdisks taps = tapdisks;
        link(sr, vdi, taps == null ? socket : opened(taps, socket, readOnly));
    }

    private Path opened(Tapdisks taps, Path socket, boolean readOnly) throws IOException {
        Optional<Tap> present = taps.find(socket);
        Tap tap = present.isPresent() ? present.get() : taps.start(socket, readOnly);
        Path served = links.resolveSibling(tap.socketName());
        try {
            if (present.isPresent() && !shows(served, socket)) {
                LOG.warning(LogLine.of("tapdisk-reconnects", "pid", tap.pid(), "minor", tap.minor()));
                taps.reconnect(tap, socket);
            }
            if (!shows(served, socket)) {
                throw new IOException("tapdisk " + tap.pid() + " does not show the disk that " + socket + " serves");
            }
            return served;
        } catch (IOException e) {
            if (present.isEmpty()) {
                stop(taps, tap, e);
            }
            throw e;
        }
    }

    private static void stop(Tapdisks taps, Tap tap, IOException reason) {
        try {
            taps.stop(tap);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** Whether a tapdisk shows the size, the first and the last bytes that the disk has. */
    private static boolean shows(Path tapdisk, Path disk) {
        try (NbdDisk shown = connect(tapdisk);
                NbdDisk own = connect(disk)) {
            int count = (int) Math.min(COMPARED_BYTES, own.sizeBytes());
            return shown.sizeBytes() == own.sizeBytes()
                    && bytes(shown, 0, count).equals(bytes(own, 0, count))
                    && bytes(shown, own.sizeBytes() - count, count).equals(bytes(own, own.sizeBytes() - count, count));
        } catch (IOException e) {
            LOG.log(Level.INFO, LogLine.of("tapdisk-shows-nothing", "socket", tapdisk), e);
            return false;
        }
    }

    private static NbdDisk connect(Path socket) throws IOException {
        String path =
                URLEncoder.encode(socket.toString(), StandardCharsets.UTF_8).replace("+", "%20");
        return NbdDisk.connect("nbd+unix:///disk?socket=" + path, PATIENCE);
    }

    private static ByteBuffer bytes(NbdDisk disk, long offset, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        disk.read(offset, bytes);
        return bytes.flip();
    }

    private void link(String sr, String vdi, Path target) throws IOException {
        Path link = link(links, sr, vdi);
        Files.createDirectories(link.getParent());
        Path prepared = link.resolveSibling("." + vdi + ".new");
        Files.deleteIfExists(prepared);
        Files.createSymbolicLink(prepared, target);
        Files.move(prepared, link, StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Ends what {@link #open} began; does nothing if that was done.
     *
     * <ol>
     *   <li>Stop the tapdisk: it answers what is under way first.
     *   <li>Remove the link, so that a disk whose tapdisk could not be stopped is still found.
     * </ol>
     */
    public void close(String sr, String vdi, Path socket) throws IOException {
        Tapdisks taps = tapdisks;
        if (taps != null && isOpen(sr, vdi)) {
            Optional<Tap> present = taps.find(socket);
            if (present.isPresent()) {
                taps.stop(present.get());
            }
        }
        Files.deleteIfExists(link(links, sr, vdi));
    }

    /** Whether there is a link. */
    public boolean isOpen(String sr, String vdi) {
        return Files.exists(link(links, sr, vdi), LinkOption.NOFOLLOW_LINKS);
    }
}
