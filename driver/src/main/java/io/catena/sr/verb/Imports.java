package io.catena.sr.verb;

import io.catena.api.ContentOrigin;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.VhdTime;
import io.catena.log.LogLine;
import io.catena.sr.live.DiskReader;
import io.catena.sr.open.Admission;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.Node;
import io.catena.sr.upload.KeptUploads;
import io.catena.sr.upload.UploadKeeper;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The disks of an SR that are being filled from elsewhere.
 *
 * <p><b>Threads.</b> {@link #begin} is to be called under the SR's tree lock; the rest by any thread.
 */
public final class Imports {
    private static final Logger LOG = System.getLogger(Imports.class.getName());

    private final OpenSr sr;
    private final KeptUploads uploads;
    private final VdiMaker maker;
    private final VdiCutter cutter;
    private final BaseFinder bases;
    private final Set<Import> underWay = ConcurrentHashMap.newKeySet();

    public Imports(OpenSr sr, KeptUploads uploads, VdiMaker maker, VdiCutter cutter) {
        this.sr = sr;
        this.uploads = uploads;
        this.maker = maker;
        this.cutter = cutter;
        bases = new BaseFinder(sr);
    }

    /** Begins to make a disk that starts with a content from elsewhere. */
    public VdiImport begin(NewVdi vdi, ContentOrigin origin) throws IOException {
        admit(vdi);
        String prepared = SrFiles.temporary("import-" + sr.environment.uuids().get() + vdi.suffix());
        UploadKeeper keeper = vdi.spec().raw() ? null : keeper(vdi.id(), prepared);
        UUID parent = origin.parent();
        try {
            if (parent != null) {
                VdiId base = bases.find(parent, origin);
                return beginUpon(base, vdi, origin, prepared, keeper, leaf -> makeFileUpon(leaf, vdi, prepared));
            }
            refuseBase(origin);
            sr.tree.aside(() -> maker.makeFile(vdi, prepared));
            return beginWhole(vdi, origin, prepared, keeper);
        } catch (IOException | RuntimeException e) {
            deleteAfter(e, prepared);
            throw e;
        }
    }

    private void admit(NewVdi vdi) throws IOException {
        maker.refuseTaken(vdi);
        sr.admission.check(sr.tree.now(), List.of(VdiMaker.growth(vdi)));
    }

    private static void refuseBase(ContentOrigin origin) {
        if (origin.base() != null) {
            throw new SrException(SrError.BAD_REQUEST, "The stream holds all of a disk, and takes no base")
                    .correction("Leave out the base.");
        }
    }

    private UploadKeeper keeper(VdiId vdi, String prepared) {
        return new UploadKeeper(sr.storage, uploads, vdi, prepared, sr.environment.clock(), sr.environment.nanoTime());
    }

    private Import beginWhole(NewVdi vdi, ContentOrigin origin, String prepared, @Nullable UploadKeeper keeper)
            throws IOException {
        WholeFinish finish = new WholeFinish(vdi, origin.content(), prepared);
        return begun(prepared, VdiMaker.growth(vdi), finish, keeper);
    }

    /** Goes on to fill a disk of which an earlier agent left a part. */
    VdiImport goOn(NewVdi vdi, ContentOrigin origin, KeptUploads.Found found) throws IOException {
        admit(vdi);
        UUID parent = origin.parent();
        refuseOtherType(found, parent == null ? DiskType.DYNAMIC : DiskType.DIFFERENCING);
        UploadKeeper keeper = keeper(vdi.id(), found.file());
        keeper.goOn(found);
        if (parent != null) {
            return beginUpon(bases.find(parent, origin), vdi, origin, found.file(), keeper, leaf -> {});
        }
        refuseBase(origin);
        return beginWhole(vdi, origin, found.file(), keeper);
    }

    /** As a whole disk a differencing file would show whatever parent it names. */
    private void refuseOtherType(KeptUploads.Found found, DiskType expected) throws IOException {
        VhdHeaders headers = ChainFile.vhd(sr.storage, found.file()).headers();
        if (headers == null || headers.footer().type() != expected) {
            throw VdiContents.gone(found.upload());
        }
    }

    /** Makes the file of an import of changes, unless there is one. */
    @FunctionalInterface
    private interface FileUpon {
        void make(ChainFile base) throws IOException;
    }

    /** Nobody can write or destroy the base before the import ends. */
    private VdiImport beginUpon(
            VdiId base, NewVdi vdi, ContentOrigin origin, String prepared, @Nullable UploadKeeper keeper, FileUpon file)
            throws IOException {
        UUID content = origin.content();
        Node node = sr.view.usableVdi(base);
        sr.tree.concern(List.of(node));
        cutter.request(base, vdi, content, prepared);
        ChainFile leaf = ChainFile.read(sr.storage, node.name());
        DiskReader reader = sr.attachments.openReader(base, leaf.name(), sr.tree.opening());
        try {
            sr.tree.aside(() -> file.make(leaf));
            Import.Finish finish = new DeltaFinish(sr, cutter, vdi, content, base, reader, prepared, keeper);
            return begun(prepared, VdiMaker.growth(vdi), finish, keeper);
        } catch (IOException | RuntimeException e) {
            sr.attachments.closeReader(reader);
            throw e;
        }
    }

    private void makeFileUpon(ChainFile base, NewVdi vdi, String prepared) throws IOException {
        ParentLink link = ParentLink.of(
                sr.storage, vdi.file(), base.name(), base.uniqueId().orElse(DynamicHeader.NO_ID));
        new VhdCreator(sr.storage)
                .differencing(
                        prepared,
                        vdi.sizeBytes(),
                        sr.environment.uuids().get(),
                        VhdTime.fromEpochSeconds(
                                sr.environment.clock().instant().getEpochSecond()),
                        link);
    }

    private Import begun(String prepared, Admission.Growth growth, Import.Finish finish, @Nullable UploadKeeper keeper)
            throws IOException {
        ChainFile file = ChainFile.read(sr.storage, prepared);
        Import begun = new Import(
                prepared,
                file.openWritable(sr.storage, null),
                sr.admission.room(),
                forgetting(prepared, finish, keeper),
                keeper);
        underWay.add(begun);
        sr.admission.promise(prepared, growth);
        return begun;
    }

    private Import.Finish forgetting(String prepared, Import.Finish finish, @Nullable UploadKeeper keeper) {
        return new Import.Finish() {
            @Override
            public Vdi commit() throws IOException {
                try {
                    return finish.commit();
                } finally {
                    forget(prepared);
                    forget(keeper);
                }
            }

            @Override
            public void discard() throws IOException {
                forget(prepared);
                forget(keeper);
                finish.discard();
            }

            @Override
            public void leave() throws IOException {
                forget(prepared);
                finish.leave();
            }
        };
    }

    /** Without its file a record says nothing, so the next attach can delete it as well. */
    private static void forget(@Nullable UploadKeeper keeper) {
        try {
            if (keeper != null) {
                keeper.forget();
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("upload-record-left", "cause", e.getMessage()));
        }
    }

    private void forget(String prepared) {
        underWay.removeIf(i -> i.file().equals(prepared));
        sr.admission.forget(prepared);
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

    /** Returns these, and what is beside them. */
    public Set<String> allFiles() {
        return files().stream()
                .flatMap(file -> KeptUploads.filesOf(file).stream())
                .collect(Collectors.toSet());
    }

    /** Gives up all that are under way. */
    public void abortAll() {
        List.copyOf(underWay).forEach(Import::abort);
    }

    /** Makes what was imported a disk. */
    private final class WholeFinish implements Import.Finish {
        private final NewVdi vdi;
        private final @Nullable UUID origin;
        private final String prepared;

        WholeFinish(NewVdi vdi, @Nullable UUID origin, String prepared) {
            this.vdi = vdi;
            this.origin = origin;
            this.prepared = prepared;
        }

        @Override
        public Vdi commit() throws IOException {
            try {
                sr.tree.change(() -> {
                    maker.refuseTaken(vdi);
                    maker.publish(vdi, origin, prepared, () -> {});
                    return vdi;
                });
            } catch (IOException | RuntimeException e) {
                deleteAfter(e, prepared);
                throw e;
            }
            return sr.looks.vdi(vdi.id());
        }

        @Override
        public void discard() throws IOException {
            sr.storage.delete(prepared);
        }

        @Override
        public void leave() {}
    }
}
