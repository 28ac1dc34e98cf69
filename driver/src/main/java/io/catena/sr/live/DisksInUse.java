package io.catena.sr.live;

import io.catena.api.VdiId;
import io.catena.disk.LiveDisk;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The disks of an SR that are in use: those that are active, and those that are read inside this process.
 *
 * <p><b>Threads.</b> Changed under the SR's tree lock only; looked at by any thread.
 */
final class DisksInUse {
    private final Map<VdiId, Attachment> attachments = new ConcurrentSkipListMap<>();
    private final List<DiskReader> readers = new CopyOnWriteArrayList<>();

    /** The active disks whose service ends; nobody else can have them meanwhile. */
    private final Set<VdiId> leaving = ConcurrentHashMap.newKeySet();

    /** Notes that an active disk's service is about to end. */
    void leave(VdiId vdi) {
        leaving.add(vdi);
    }

    /** Ends {@link #leave}. */
    void stay(VdiId vdi) {
        leaving.remove(vdi);
    }

    boolean isLeaving(VdiId vdi) {
        return leaving.contains(vdi);
    }

    void add(Attachment attachment) {
        attachments.put(attachment.vdi(), attachment);
    }

    void remove(VdiId vdi) {
        attachments.remove(vdi);
    }

    void add(DiskReader reader) {
        readers.add(reader);
    }

    void remove(DiskReader reader) {
        readers.remove(reader);
    }

    Optional<Attachment> active(VdiId vdi) {
        return Optional.ofNullable(attachments.get(vdi));
    }

    Collection<Attachment> active() {
        return List.copyOf(attachments.values());
    }

    boolean isRead(VdiId vdi) {
        return readers.stream().anyMatch(reader -> reader.vdi().equals(vdi));
    }

    /** Returns the files that disks begin with which are only read. */
    Set<String> leavesThatAreRead() {
        Set<String> leaves = new HashSet<>();
        attachments.values().stream()
                .filter(attachment -> attachment.disk().readOnly())
                .forEach(a -> leaves.add(a.disk().chain().leaf().name()));
        readers.forEach(reader -> leaves.add(reader.disk().chain().leaf().name()));
        return leaves;
    }

    List<LiveDisk> all() {
        List<LiveDisk> disks = new ArrayList<>();
        attachments.values().forEach(attachment -> disks.add(attachment.disk()));
        readers.forEach(reader -> disks.add(reader.disk()));
        return disks;
    }
}
