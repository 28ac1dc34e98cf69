package io.catena.sr.record;

import io.catena.api.VdiId;
import io.catena.op.OfflineAccess;
import io.catena.sr.live.ElidedZeros;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.PendingRewrite;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Where an SR keeps what is not a node. */
public final class SrFiles {
    public static final String OWN = ".catena";
    private static final String ELIDED_ZEROS = ".zeros";
    private static final String JOURNAL = ".catena/journal";

    public static final String LOCK = OfflineAccess.LOCK;
    public static final String SR_RECORD = OfflineAccess.SR_RECORD;
    public static final String SESSION = OfflineAccess.SESSION;
    public static final String VDI_RECORDS = ".catena/vdi";
    public static final String OPEN_LOGS = OfflineAccess.OPEN_LOGS;
    public static final String KEPT_CHANGES = ".catena/cbt";
    public static final String SEEN = ".catena/files.json";
    public static final String SEEN_ITSELF = ".catena/files.self";
    public static final String REPLACED = ".catena/replaced";
    public static final String TEMPORARY = ".catena/tmp";
    static final String JOBS = ".catena/jobs";
    static final String NOTES = ".catena/notes";

    private SrFiles() {}

    /** Returns all files of an SR that are not nodes; the one that makes it an SR last. */
    public static List<String> all(Storage storage) throws IOException {
        List<String> names = new ArrayList<>();
        for (String directory : List.of(
                VDI_RECORDS,
                KEPT_CHANGES,
                OPEN_LOGS,
                REPLACED,
                JOBS,
                NOTES,
                TEMPORARY,
                JOURNAL,
                OfflineAccess.PUSH_DOWNS,
                OWN)) {
            names.addAll(storage.list(directory));
        }
        names.remove(SR_RECORD);
        names.add(SR_RECORD);
        return names;
    }

    /** Returns the files that were only being prepared, of nodes and of small files that are replaced whole. */
    public static Set<String> temporary(Storage storage) throws IOException {
        Set<String> names = new TreeSet<>(storage.list(TEMPORARY));
        for (String directory :
                List.of(VDI_RECORDS, KEPT_CHANGES, JOBS, NOTES, JOURNAL, OfflineAccess.PUSH_DOWNS, OWN)) {
            names.addAll(storage.list(directory, StoredText::isBeingWritten));
        }
        names.addAll(storage.list("", name -> name.contains(PendingRewrite.SUFFIX) && StoredText.isBeingWritten(name)));
        return names;
    }

    public static String vdiRecord(VdiId id) {
        return VDI_RECORDS + "/" + id + ".json";
    }

    /** There if a disk may have left out zeros, see {@link ElidedZeros}. */
    public static String elidedZeros(VdiId id) {
        return VDI_RECORDS + "/" + id + ELIDED_ZEROS;
    }

    /** There if others may build on a raw file, see {@link RawParents}. */
    static String rawParent(VdiId id) {
        return VDI_RECORDS + "/" + id + ".parent";
    }

    /** Returns the small files that tell of a disk, whether or not they are there. */
    public static List<String> recordsOf(VdiId id) {
        return List.of(vdiRecord(id), elidedZeros(id), rawParent(id));
    }

    public static boolean isElidedZeros(String name) {
        return name.endsWith(ELIDED_ZEROS);
    }

    /**
     * Whether a file of {@link #temporary(Storage)} may be being written by somebody who does not have the SR's turn: a guest's request, a
     * job that begins, a merge that remembers how far it got. What is left of them goes when the SR is attached again.
     */
    public static boolean isWrittenAtAnyTime(String temporary) {
        return isElidedZeros(stem(temporary))
                || temporary.startsWith(JOBS + "/")
                || temporary.startsWith(OfflineAccess.PUSH_DOWNS + "/");
    }

    public static String temporary(String name) {
        return TEMPORARY + "/" + name;
    }

    /** Returns a file's name without what tells its kind. */
    public static String stem(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }
}
