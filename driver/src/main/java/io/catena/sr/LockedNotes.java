package io.catena.sr;

import io.catena.api.SrNotes;
import io.catena.sr.record.Errors;
import io.catena.sr.record.NoteFiles;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import java.util.List;
import java.util.Optional;

/**
 * The notes of an SR. They are written in its turn, but not as changes, which must wait if an operation failed half-way; a note is
 * replaced at one instant, so who reads waits for nobody.
 */
final class LockedNotes implements SrNotes {
    private final SrTree tree;
    private final NoteFiles files;

    LockedNotes(SrTree tree, Storage storage) {
        this.tree = tree;
        this.files = new NoteFiles(storage);
    }

    @Override
    public List<String> names() {
        return Errors.translate("list the notes", files::names);
    }

    @Override
    public Optional<String> read(String name) {
        return Errors.translate("read note " + name, () -> files.read(name));
    }

    @Override
    public void write(String name, String text) {
        String what = "write note " + name;
        Errors.translate(
                what,
                () -> tree.lockedIo(() -> {
                    tree.aside(() -> files.write(name, text));
                    return what;
                }));
    }

    @Override
    public void delete(String name) {
        String what = "delete note " + name;
        Errors.translate(
                what,
                () -> tree.lockedIo(() -> {
                    tree.aside(() -> files.delete(name));
                    return what;
                }));
    }
}
