package io.catena.sr.tree;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.format.DynamicHeader;
import io.catena.sr.record.SrFiles;
import io.catena.vhd.ChainFile;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A file of an SR that holds data, as it was when it was looked at.
 *
 * @param id from the file's name if that is a UUID, else from the footer
 * @param file what it says of itself; null if that could not be read
 * @param parent the name of its parent's file; null if it has none, or none was found
 * @param mayNeed the name of a node that it may build on though its headers are damaged
 * @param problem why it cannot be used
 * @param rawBaseCopy whether it is a raw file whose record says that it is a base copy
 */
public record Node(
        VdiId id,
        String name,
        @Nullable ChainFile file,
        @Nullable String parent,
        Doubt mayNeed,
        @Nullable String problem,
        boolean rawBaseCopy) {

    /** A node that is no raw base copy. */
    public Node(
            VdiId id,
            String name,
            @Nullable ChainFile file,
            @Nullable String parent,
            Doubt mayNeed,
            @Nullable String problem) {
        this(id, name, file, parent, mayNeed, problem, false);
    }

    /**
     * Which nodes a file with damaged headers may build on.
     *
     * @param any whether it may be any
     * @param uniqueId else the unique id that its header names
     */
    public record Doubt(boolean any, @Nullable UUID uniqueId) {
        public static final Doubt NONE = new Doubt(false, null);
        public static final Doubt ANY = new Doubt(true, null);

        /** Whether it needs no file that is not known. */
        boolean isNone() {
            return !any && uniqueId == null;
        }
    }

    Node withProblem(String text) {
        return new Node(id, name, file, parent, mayNeed, text, rawBaseCopy);
    }

    Node withId(VdiId other) {
        return new Node(other, name, file, parent, mayNeed, problem, rawBaseCopy);
    }

    public boolean hidden() {
        return rawBaseCopy || (file != null && file.hidden());
    }

    public long sizeBytes() {
        return file == null ? 0 : file.sizeBytes();
    }

    /** Returns the id of the disk that the file claims to be; {@link #id} is another if another file is that disk. */
    public VdiId claimedId() {
        return file == null ? idByName(name) : id(file);
    }

    static VdiId id(ChainFile file) {
        Optional<UUID> own = file.uniqueId().filter(id -> !id.equals(DynamicHeader.NO_ID));
        return Uuids.isUuid(SrFiles.stem(file.name()))
                ? idByName(file.name())
                : own.map(VdiId::new).orElseGet(() -> idByName(file.name()));
    }

    static VdiId idByName(String name) {
        String stem = SrFiles.stem(name);
        return Uuids.isUuid(stem) ? VdiId.parse(stem) : new VdiId(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)));
    }
}
