package io.catena.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@link FileStorage} asks of the system: files by their names below one directory, out of which no name leads, whatever
 * lies there and whoever changes it meanwhile. No link is followed, and nothing is opened but regular files, so nothing has
 * an effect by being opened, and nothing makes the caller wait for somebody else.
 *
 * <p><b>Names</b> are paths relative to the directory, "/" between their parts. The caller has made sure that no part is
 * empty, "." or "..". The directory itself is "". Links in <em>its</em> path are followed: that is the admin's.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface ConfinedFiles {
    /** What a file is opened for. */
    enum Access {
        /** To be read. */
        READ,
        /** To be read, also by files that take over its bytes. */
        SOURCE,
        /** To be read and written. */
        WRITE,
        /** To be made, empty, and be read and written; the name must be free. */
        CREATE
    }

    /** Gives access to directories. */
    @FunctionalInterface
    interface Below {
        /** Gives access to a directory, which need not exist yet. */
        ConfinedFiles of(Path directory);
    }

    /** Takes what is in a directory, one after another and in no order, so that who needs little of it keeps little. */
    interface Found {
        /** Whether it is to be looked at what has this name. */
        boolean isWanted(String name) throws IOException;

        /** Takes what is there under a name that is wanted. */
        void take(String name, FileStat stat) throws IOException;
    }

    /**
     * Tells what is directly in a directory, by the last parts of the names; what vanishes meanwhile is left out.
     *
     * @throws java.nio.file.NoSuchFileException if it does not exist
     * @throws java.nio.file.FileSystemException if it is no directory, or cannot be reached without a link
     */
    void list(String directory, Found found) throws IOException;

    /**
     * Returns what a name stands for; empty if for nothing.
     *
     * @throws java.nio.file.FileSystemException if it cannot be reached without a link, or without going through a file
     */
    Optional<FileStat> stat(String name) throws IOException;

    /**
     * Opens a regular file.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws java.nio.file.FileAlreadyExistsException if there is something, which should be made
     * @throws java.nio.file.FileSystemException if it is something else, or cannot be reached without a link
     */
    OpenFile open(String name, Access access) throws IOException;

    /**
     * Makes a directory that only its owner may change.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is something
     */
    void makeDirectory(String name) throws IOException;

    /**
     * Removes an empty directory.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws java.nio.file.DirectoryNotEmptyException if it is not empty
     */
    void removeDirectory(String name) throws IOException;

    /** Renames what is no directory, and replaces what has the other name. */
    void rename(String from, String to) throws IOException;

    /**
     * Gives a file a second name.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is something
     */
    void link(String file, String name) throws IOException;

    /**
     * Deletes what is no directory.
     *
     * @throws java.nio.file.NoSuchFileException if there is nothing
     */
    void delete(String name) throws IOException;

    /** Makes the names in a directory durable. */
    void syncDirectory(String name) throws IOException;

    /** Returns the user whose files this process makes. */
    int user() throws IOException;
}
