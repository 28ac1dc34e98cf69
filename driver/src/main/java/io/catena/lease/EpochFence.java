package io.catena.lease;

import io.catena.store.LeaseLostException;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.List;

/** The fence against late changes of names, see {@link EpochStorage}. */
public final class EpochFence {
    private static final int TRIES = 100;

    private EpochFence() {}

    static String directory(long epoch) {
        return Storage.EPOCHS + "/" + epoch;
    }

    /**
     * Makes every change of names without effect that was or is begun under an older epoch.
     *
     * <ol>
     *   <li>Make the directory of the new epoch, and look whether there is a newer one: whoever made that has looked for older
     *       ones since, and may have done so before this one was made.
     *   <li>Move into it what is left in those of older ones, and remove them. A change that comes in between only makes this
     *       begin again; one that comes later fails.
     *   <li>Sync the names.
     *   <li>Remove what was moved: a file there is on its way to be deleted, or has another name as well, or was never given one.
     * </ol>
     *
     * @param epoch of the grant under which names are changed from now on
     * @throws LeaseLostException if a newer epoch has begun
     */
    public static void raise(Storage storage, long epoch) throws IOException {
        String own = directory(epoch);
        make(storage, own, epoch);
        List<String> older = older(storage, epoch);
        for (int tries = 0; !older.isEmpty(); tries++) {
            if (tries == TRIES) {
                throw new IOException("the directories of former owners do not become empty: " + older);
            }
            for (String directory : older) {
                empty(storage, directory, own);
            }
            older = older(storage, epoch);
        }
        storage.syncNames();
        for (String name : storage.list(own)) {
            storage.delete(name);
        }
        storage.syncNames();
    }

    private static void make(Storage storage, String own, long epoch) throws IOException {
        try {
            storage.makeDirectory(own);
        } catch (FileAlreadyExistsException e) {
            // An attempt of the same epoch that was interrupted.
        }
        if (storage.directories(Storage.EPOCHS).stream().anyMatch(directory -> number(directory) > epoch)) {
            storage.removeDirectory(own);
            throw new LeaseLostException("names are changed under a newer epoch than " + epoch + " by now");
        }
    }

    private static List<String> older(Storage storage, long epoch) throws IOException {
        return storage.directories(Storage.EPOCHS).stream()
                .filter(directory -> number(directory) < epoch)
                .toList();
    }

    /** Directories that are not ours count as older than all. */
    private static long number(String directory) {
        try {
            return Long.parseLong(directory.substring(directory.lastIndexOf('/') + 1));
        } catch (NumberFormatException e) {
            return Long.MIN_VALUE;
        }
    }

    private static void empty(Storage storage, String directory, String target) throws IOException {
        String last = directory.substring(directory.lastIndexOf('/') + 1);
        for (String name : storage.list(directory)) {
            try {
                storage.rename(name, target + "/" + last + "-" + name.substring(directory.length() + 1));
            } catch (NoSuchFileException e) {
                // Its owner, who is late, has just removed it.
            }
        }
        storage.removeDirectory(directory);
    }
}
