package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import io.catena.store.ConfinedFiles.Access;
import io.catena.store.FileStat;
import io.catena.store.HolePunch;
import io.catena.store.OpenFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/**
 * An open file with a lock on its open file description, which all of its descriptors share.
 *
 * <p>Source: {@code fcntl_locking(2)}, open file description locks.
 */
final class LinuxOpenFile implements OpenFile {
    private static final int F_OFD_SETLK = 37;
    private static final short F_WRLCK = 1;
    private static final int FLOCK_BYTES = 32;

    /** Only for the test that shows what becomes of a shared SR without fences; the cluster's fencing says so in the log. */
    private static final boolean WITHOUT_LOCKS = "off".equals(System.getProperty("catena.test.fence"));

    private final String name;
    private final RandomAccessFile file;
    private final FileStat stat;
    private final @Nullable FileHoles punch;

    private LinuxOpenFile(String name, RandomAccessFile file, FileStat stat, @Nullable FileHoles punch) {
        this.name = name;
        this.file = file;
        this.stat = stat;
        this.punch = punch;
    }

    /**
     * Opens what a descriptor stands for.
     *
     * @throws FileSystemException if it is no regular file
     */
    static LinuxOpenFile open(String name, Descriptor found, Access access) throws IOException {
        FileStat stat = Statx.of(found.number());
        if (!stat.isFile()) {
            throw new FileSystemException(name, null, "is " + stat.kind() + ", which is not opened");
        }
        boolean writes = access == Access.WRITE || access == Access.CREATE;
        RandomAccessFile file = reopen(name, found, writes ? "rw" : "r");
        try {
            FileHoles punch = access == Access.READ ? null : FileHoles.sharing(name, DescriptorNumber.of(file.getFD()));
            return new LinuxOpenFile(name, file, stat, punch);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The system's words for a failure are about the descriptor's path, which tells a reader nothing. */
    private static RandomAccessFile reopen(String name, Descriptor found, String mode) throws IOException {
        try {
            return new RandomAccessFile(found.path().toString(), mode);
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            throw new FileSystemException(
                    name, null, message.substring(message.lastIndexOf('(') + 1).replace(")", ""));
        }
    }

    @Override
    public FileChannel channel() {
        return file.getChannel();
    }

    @Override
    public FileStat stat() {
        return stat;
    }

    @Override
    public @Nullable HolePunch punch() {
        return punch;
    }

    @Override
    public boolean tryLock() throws IOException {
        if (WITHOUT_LOCKS) {
            return true;
        }
        try (Memory lock = new Memory(FLOCK_BYTES)) {
            lock.clear();
            lock.setShort(0, F_WRLCK);
            Libc.fcntl(DescriptorNumber.of(file.getFD()), F_OFD_SETLK, lock);
            return true;
        } catch (LastErrorException e) {
            if (e.getErrorCode() == Libc.EAGAIN || e.getErrorCode() == Libc.EACCES) {
                return false;
            }
            throw new IOException("cannot lock " + name + ": " + Libc.strerror(e.getErrorCode()), e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            file.close();
        } finally {
            if (punch != null) {
                punch.close();
            }
        }
    }
}
