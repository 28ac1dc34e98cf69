package io.catena.sr.tree;

import io.catena.sr.record.Errors;
import io.catena.sr.record.SrFiles;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.util.Set;
import java.util.TreeSet;

/**
 * The marks of files that are replaced in order since the note of {@link SeenFiles} was written: an empty file each, in {@code
 * .catena/replaced}, so that the file that takes the place is not taken for one that was put there by somebody else.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock, or while nobody has the SR yet.
 */
public final class ReplacedMarks {
    private final Storage storage;

    public ReplacedMarks(Storage storage) {
        this.storage = storage;
    }

    /** Returns the marked files. */
    Set<String> names() throws IOException {
        Set<String> names = new TreeSet<>();
        for (String mark : storage.list(SrFiles.REPLACED)) {
            names.add(mark.substring(SrFiles.REPLACED.length() + 1));
        }
        return names;
    }

    /**
     * Marks a file of the SR before it is replaced; durable with the next sync of the names. A file system that is too full for
     * a mark has room again without the note, which is deleted then.
     *
     * @return whether the note is still there
     */
    public boolean add(String name) throws IOException {
        try {
            storage.create(SrFiles.REPLACED + "/" + name).close();
        } catch (FileAlreadyExistsException e) {
            // Marked by an agent that died.
        } catch (IOException e) {
            if (!Errors.isNoSpace(e)) {
                throw e;
            }
            storage.delete(SrFiles.SEEN);
            return false;
        }
        return true;
    }

    void clear() throws IOException {
        for (String mark : storage.list(SrFiles.REPLACED)) {
            storage.delete(mark);
        }
    }
}
