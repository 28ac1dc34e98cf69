package io.catena.sr.verb;

import io.catena.api.Vdi;
import io.catena.api.VdiImport;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The disks of an SR that are being filled from elsewhere.
 *
 * <p><b>Threads.</b> {@link #begin} is to be called under the SR's tree lock; the rest by any thread.
 */
public final class Imports {
    private final OpenSr sr;
    private final VdiMaker maker;
    private final Set<Import> underWay = ConcurrentHashMap.newKeySet();

    public Imports(OpenSr sr, VdiMaker maker) {
        this.sr = sr;
        this.maker = maker;
    }

    /** Begins to make a disk that starts with a content from elsewhere. */
    public VdiImport begin(NewVdi vdi) throws IOException {
        maker.refuseTaken(vdi);
        String prepared = SrFiles.temporary("import-" + sr.environment.uuids().get() + vdi.suffix());
        try {
            maker.makeFile(vdi, prepared);
            Import begun = new Import(
                    prepared,
                    ChainFile.read(sr.storage, prepared).openWritable(sr.storage, null),
                    new Finish(vdi, prepared));
            underWay.add(begun);
            return begun;
        } catch (IOException e) {
            deleteAfter(e, prepared);
            throw e;
        }
    }

    private void deleteAfter(Exception reason, String name) {
        try {
            sr.storage.delete(name);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** Returns the files that are being filled. */
    public Set<String> files() {
        return underWay.stream().map(Import::file).collect(Collectors.toSet());
    }

    /** Gives up all that are under way. */
    public void abortAll() {
        List.copyOf(underWay).forEach(Import::abort);
    }

    /** Makes what was imported a disk. */
    private final class Finish implements Import.Finish {
        private final NewVdi vdi;
        private final String prepared;

        Finish(NewVdi vdi, String prepared) {
            this.vdi = vdi;
            this.prepared = prepared;
        }

        @Override
        public Vdi commit() throws IOException {
            forget();
            sr.tree.change(() -> {
                maker.refuseTaken(vdi);
                maker.publish(vdi, prepared, () -> {});
                return vdi;
            });
            return sr.looks.vdi(vdi.id());
        }

        @Override
        public void discard() throws IOException {
            forget();
            sr.storage.delete(prepared);
        }

        private void forget() {
            underWay.removeIf(i -> i.file().equals(prepared));
        }
    }
}
