package io.catena.sr;

import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.Uuids;
import io.catena.op.Journal;
import io.catena.sr.record.Errors;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.SrRecord;
import io.catena.sr.tree.TreeScanner;
import io.catena.sr.xen.SmRecovery;
import io.catena.sr.xen.SmStep;
import io.catena.store.Storage;
import io.catena.store.StorageLockedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Looks at a directory without changing anything in it. */
public final class Probe {
    private Probe() {}

    /**
     * Tells what a directory that exists holds.
     *
     * @param path the directory, absolute
     */
    public static SrProbe of(Storage storage, Path path) {
        return Errors.translate("probe " + path, () -> probe(storage, path));
    }

    private static SrProbe probe(Storage storage, Path path) throws IOException {
        Optional<SrRecord> record = SrRecord.read(storage);
        int nodes = TreeScanner.nodes(storage).size();
        return new SrProbe(
                path.toString(),
                record.isPresent() ? SrProbe.Kind.SR : kind(storage, nodes),
                record.map(SrRecord::srId).orElse(nodes == 0 ? null : idOf(path)),
                record.map(SrRecord::name).orElse(""),
                nodes,
                isLocked(storage),
                record.isPresent() && (storage.exists(SrFiles.SESSION) || storage.exists(Journal.FILE)),
                foreignWork(storage));
    }

    private static List<SrProbe.ForeignWork> foreignWork(Storage storage) throws IOException {
        return new SmRecovery(storage)
                .steps().stream()
                        .map(step -> new SrProbe.ForeignWork(
                                step.file(), step.found(), step.action(), step.verdict() == SmStep.Verdict.REFUSED))
                        .toList();
    }

    private static SrProbe.Kind kind(Storage storage, int nodes) throws IOException {
        if (nodes > 0) {
            return SrProbe.Kind.ADOPTABLE;
        }
        return storage.list("").isEmpty() ? SrProbe.Kind.EMPTY : SrProbe.Kind.OTHER;
    }

    private static @Nullable SrId idOf(Path path) {
        String last = String.valueOf(path.getFileName());
        return Uuids.isUuid(last) ? SrId.parse(last) : null;
    }

    /** A lock file that is not there is not made. */
    private static boolean isLocked(Storage storage) throws IOException {
        if (!storage.exists(SrFiles.LOCK)) {
            return false;
        }
        try {
            storage.lock(SrFiles.LOCK).close();
            return false;
        } catch (StorageLockedException e) {
            return true;
        }
    }
}
