package io.catena.sr.verb;

import io.catena.api.ContentOrigin;
import io.catena.api.DiskRange;
import io.catena.api.KeptUpload;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.api.VdiUpload;
import io.catena.change.ChangedBlocks;
import io.catena.change.Grains;
import io.catena.disk.Chain;
import io.catena.format.VhdTime;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.kept.KeptChanges;
import io.catena.sr.live.DiskReader;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.Errors;
import io.catena.sr.tree.Node;
import io.catena.store.MemoryShortageException;
import io.catena.stream.ContentStream;
import io.catena.stream.Qcow2Stream;
import io.catena.stream.RawStream;
import io.catena.stream.Uploads;
import io.catena.stream.VhdStream;
import io.catena.vhd.ParentLink;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells what changed in disks, and streams them. A disk is open for reading meanwhile, so nobody may write or destroy it.
 *
 * <p><b>Threads.</b> Safe for use by many threads; takes the SR's tree lock for moments only.
 */
public final class Contents implements VdiContents {
    /** How often the nodes of a disk may be merged while its changes are told. */
    private static final int TRIES = 20;

    private final OpenSr sr;
    private final Spools spools;
    private final KeptImports kept;

    public Contents(OpenSr sr, Spools spools, KeptImports kept) {
        this.sr = sr;
        this.spools = spools;
        this.kept = kept;
    }

    @Override
    public List<DiskRange> changes(VdiId vdi, @Nullable VdiId base) {
        return Errors.translate("tell what changed in VDI " + vdi, () -> {
            refuseWithoutData(vdi, base);
            try (Opened disk = new Opened(vdi)) {
                return changes(disk, base);
            }
        });
    }

    @Override
    public VdiStream export(VdiId vdi, StreamFormat format, @Nullable VdiId base) {
        return Errors.translate("export VDI " + vdi, () -> {
            refuseWithoutData(vdi, null);
            Opened disk = new Opened(vdi);
            try {
                return new OpenStream(disk, stream(disk, format, base));
            } catch (IOException | RuntimeException e) {
                disk.close();
                throw e;
            }
        });
    }

    @Override
    public VdiUpload upload(StreamFormat format, ReadableByteChannel source, long lengthBytes) {
        try {
            VdiUpload upload = Uploads.begin(format, source, lengthBytes, spools);
            long free = sr.storage.space().freeBytes();
            if (Uploads.neededBytes(upload) > free) {
                throw new SrException(
                                SrError.SR_NO_SPACE,
                                "The stream needs " + Uploads.neededBytes(upload) + " bytes, and " + free + " are free")
                        .correction("Delete disks or snapshots, then: ", Remedy.of(Verb.GC_RUN, sr.settings.id()));
            }
            return upload;
        } catch (MemoryShortageException e) {
            throw Errors.of("read the stream", e);
        } catch (IOException e) {
            throw new SrException(SrError.BAD_REQUEST, "The stream broke off: " + e.getMessage(), e)
                    .correction("Send all of it again.");
        }
    }

    @Override
    public Optional<KeptUpload> kept(VdiId vdi, String caller) {
        return Errors.translate("look for what has come of VDI " + vdi, () -> kept.find(vdi, caller));
    }

    @Override
    public VdiUpload rest(KeptUpload upload, ReadableByteChannel rest) {
        return Errors.translate("go on with VDI " + upload.vdi(), () -> kept.rest(upload, rest));
    }

    @Override
    public VdiImport goOn(KeptUpload upload, VdiSpec spec, ContentOrigin origin) {
        NewVdi wanted = NewVdi.of(spec, sr.environment.uuids());
        return Errors.translate(
                "go on with VDI " + upload.vdi(), () -> sr.tree.change(() -> kept.goOn(upload, wanted, origin)));
    }

    @Override
    public void drop(KeptUpload upload) {
        Errors.translate("drop what has come of VDI " + upload.vdi(), () -> {
            kept.drop(upload);
            return upload;
        });
    }

    /** Without data only changes can be told. */
    private void refuseWithoutData(VdiId vdi, @Nullable VdiId base) throws IOException {
        if (base == null) {
            sr.tree.change(vdi, () -> sr.view.visible(vdi));
        }
    }

    private ContentStream stream(Opened disk, StreamFormat format, @Nullable VdiId base) throws IOException {
        if (format == StreamFormat.RAW) {
            if (base != null) {
                throw new SrException(SrError.BAD_REQUEST, "A raw stream holds all of a disk, and takes no base")
                        .correction("Export it as vhd or qcow2, or without a base.");
            }
            return new RawStream(disk.reader.disk());
        }
        if (format == StreamFormat.QCOW2) {
            return new Qcow2Stream(disk.reader.disk(), base == null ? null : base + ".qcow2", changes(disk, base));
        }
        int timestamp = timestamp(disk.node);
        ParentLink link = base == null ? null : new ParentLink(base.uuid(), timestamp, base + ".vhd");
        return new VhdStream(disk.reader.disk(), disk.node.id().uuid(), timestamp, link, changes(disk, base));
    }

    /** The same whenever it is asked for. */
    private int timestamp(Node node) {
        Instant createdAt = sr.view.record(node).createdAt();
        return createdAt == null ? 0 : VhdTime.fromEpochSeconds(createdAt.getEpochSecond());
    }

    private List<DiskRange> changes(Opened disk, @Nullable VdiId baseId) throws IOException {
        if (baseId == null) {
            return disk.whileUnchanged(disk, () -> Optional.of(ChangedBlocks.allocated(disk.chain())))
                    .orElseThrow();
        }
        try (Opened base = new Opened(baseId)) {
            List<DiskRange> told = disk.whileUnchanged(
                            base,
                            () -> ChangedBlocks.between(disk.chain(), base.chain(), disk.sizeBytes, base.sizeBytes))
                    .orElseThrow(() -> new SrException(
                                    SrError.BAD_REQUEST,
                                    "VDI " + disk.vdi + " and VDI " + baseId
                                            + " have nothing in common, so all of it may have changed")
                            .correction(Advice.of("Take a base of the same tree (")
                                    .then(Remedy.of(Verb.VDI_TREE, sr.settings.id()))
                                    .then("), or leave it out.")));
            return Grains.union(told, Grains.ranges(kept(disk, base), Math.min(disk.sizeBytes, base.sizeBytes)));
        }
    }

    /**
     * Returns what side files say beyond what nodes tell. To be called after the nodes were looked at: should some have been
     * merged meanwhile, the side files said so before.
     */
    private BitSet kept(Opened... disks) {
        BitSet all = new BitSet();
        for (Opened disk : disks) {
            if (disk.isWithoutData) {
                KeptChanges kept = sr.tree.kept().read(disk.vdi);
                if (kept.anchors().isEmpty()) {
                    throw unknown(disk.vdi);
                }
                all.or(kept.changed());
            }
        }
        return all;
    }

    private static SrException unknown(VdiId vdi) {
        return new SrException(
                        SrError.CHANGES_UNKNOWN,
                        "What changed since VDI " + vdi + " is not known any more, so all of it may have changed")
                .correction("Take all of the disk (leave the base out), and a new snapshot as the next base.");
    }

    private record Begun(Node node, DiskReader reader) {}

    private Begun begin(VdiId vdi) throws IOException {
        Node node = sr.view.usableVdi(vdi);
        sr.use.checkNotWritten(vdi);
        return new Begun(node, sr.attachments.openReader(vdi, node.name(), sr.tree.opening()));
    }

    private Begun anchor(VdiId withoutData) throws IOException {
        Node node = sr.view.anchor(withoutData).orElseThrow(() -> unknown(withoutData));
        return new Begun(node, sr.attachments.openReader(withoutData, node.name(), sr.tree.opening()));
    }

    /** A disk that is open for reading; of a snapshot whose data was given up the base copy that stands for it. */
    private final class Opened implements Closeable {
        private final VdiId vdi;
        private final DiskReader reader;
        private final Node node;
        private final boolean isWithoutData;
        private final long sizeBytes;

        Opened(VdiId vdi) throws IOException {
            this.vdi = vdi;
            isWithoutData = Objects.requireNonNull(sr.tree.change(vdi, () -> sr.view.hasNoData(vdi)));
            Begun begun = Objects.requireNonNull(sr.tree.open(vdi, () -> isWithoutData ? anchor(vdi) : begin(vdi)));
            node = begun.node();
            reader = begun.reader();
            sizeBytes = isWithoutData
                    ? sr.tree.kept().sizeBytes(vdi)
                    : reader.disk().sizeBytes();
            settle();
        }

        private void settle() throws IOException {
            try {
                reader.settle();
            } catch (IOException e) {
                close();
                throw e;
            }
        }

        List<Chain.Node> chain() {
            return reader.disk().chain().nodes();
        }

        /** Asks again if nodes were merged meanwhile, which closes the files of some. */
        <T> Optional<T> whileUnchanged(Opened other, Errors.Work<Optional<T>> question) throws IOException {
            for (int tries = 1; ; tries++) {
                List<Chain.Node> mine = chain();
                List<Chain.Node> others = other.chain();
                try {
                    Optional<T> answer = question.run();
                    if (mine.equals(chain()) && others.equals(other.chain())) {
                        return answer;
                    }
                } catch (IOException e) {
                    if (tries == TRIES || (mine.equals(chain()) && others.equals(other.chain()))) {
                        throw e;
                    }
                }
                if (tries == TRIES) {
                    throw new SrException(SrError.TRY_AGAIN, "The nodes of VDI " + vdi + " are being merged")
                            .correction(
                                    "Try again, or pause garbage collection: ",
                                    Remedy.of(Verb.GC_PAUSE, sr.settings.id()));
                }
            }
        }

        @Override
        public void close() throws IOException {
            sr.tree.lockedIo(vdi, () -> {
                sr.attachments.closeReader(reader);
                return reader;
            });
        }
    }

    private record OpenStream(Opened disk, ContentStream content) implements VdiStream {
        @Override
        public long lengthBytes() {
            return content.lengthBytes();
        }

        @Override
        public Optional<String> identity() {
            return content.identity();
        }

        @Override
        public void writeTo(WritableByteChannel target, long from) throws IOException {
            content.writeTo(target, from);
        }

        @Override
        public void close() throws IOException {
            disk.close();
        }
    }
}
