package io.catena.sr.record;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The notes of an agent in an SR: a small file each, replaced at one instant.
 *
 * <p><b>Threads.</b> Read by any thread, written by one at a time.
 */
public final class NoteFiles {
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]+(\\.[a-z0-9-]+)*");
    private static final int MOST_CHARACTERS = 1 << 20;

    private final Storage storage;

    public NoteFiles(Storage storage) {
        this.storage = storage;
    }

    /** Returns the names of the notes, sorted; files of other names are none. */
    public List<String> names() throws IOException {
        return storage.list(SrFiles.NOTES).stream()
                .filter(file -> !StoredText.isBeingWritten(file))
                .map(file -> file.substring(file.lastIndexOf('/') + 1))
                .filter(name -> NAME.matcher(name).matches())
                .sorted()
                .toList();
    }

    /**
     * Reads a note; empty if there is none.
     *
     * @throws StoredText.TooLargeException if it has more than a note can have: values made of it take many times as much
     */
    public Optional<String> read(String name) throws IOException {
        Optional<String> text = StoredText.read(storage, file(name));
        if (text.isPresent() && text.get().length() > MOST_CHARACTERS) {
            throw new StoredText.TooLargeException(file(name), text.get().length(), MOST_CHARACTERS);
        }
        return text;
    }

    /** Makes or replaces a note, see {@link StoredText#write}. */
    public void write(String name, String text) throws IOException {
        if (text.length() > MOST_CHARACTERS) {
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "The note " + name + " has " + text.length() + " characters, expected at most " + MOST_CHARACTERS);
        }
        StoredText.write(storage, file(name), text);
    }

    public void delete(String name) throws IOException {
        storage.delete(file(name));
        storage.syncNames();
    }

    private static String file(String name) {
        if (!NAME.matcher(name).matches() || StoredText.isBeingWritten(name)) {
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "A note cannot be called \"" + name + "\": expected lower-case letters, digits, hyphens and dots");
        }
        return SrFiles.NOTES + "/" + name;
    }
}
