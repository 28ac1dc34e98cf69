package io.catena.sr.record;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.sr.live.ElidedZeros;
import io.catena.store.StoredText;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a VDI that its file does not tell.
 *
 * @param snapshotOf the id of the VDI it is a snapshot of
 * @param created ISO 8601
 * @param keys null if there are none
 * @param baseCopy true if this is the record of a raw base copy: a raw file has no footer that could say so
 * @param resetOnBoot true if the disk loses its own data when it is activated for a boot; null if not
 * @param zerosElided true if the disk was cut from one that may have left out zeros, see {@link ElidedZeros}; null if not
 * @param file the name of the file that is the disk; null if that was not noted yet, see {@link #isOf}
 * @param rivals the names of files that claim the disk's id, too, and of which it was decided that they are not the disk; null
 *     if there are none
 * @param origin the id that the maker of a stream gave to its content, which is the disk's as long as this is noted; null if
 *     the disk has another
 */
public record VdiRecord(
        String name,
        String description,
        @Nullable String snapshotOf,
        @Nullable String created,
        @Nullable Map<String, String> keys,
        @Nullable Boolean baseCopy,
        @Nullable Boolean resetOnBoot,
        @Nullable Boolean zerosElided,
        @Nullable String file,
        @Nullable List<String> rivals,
        @Nullable String origin) {
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    /** Of what users give; {@link StoredText#readSmall} reads twice as many. */
    private static final int MOST_BYTES = 64 << 10;

    /** By how much a snapshot's record may exceed that of its disk. */
    private static final int OF_SNAPSHOT_BYTES = 4 << 10;

    /**
     * @throws RuntimeException if a file says what cannot be
     */
    public VdiRecord {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(description, "description");
        if (snapshotOf != null) {
            snapshotOf = UUID.fromString(snapshotOf).toString();
        }
        if (origin != null) {
            origin = UUID.fromString(origin).toString();
        }
        if (keys != null) {
            keys = new TreeMap<>(keys);
            keys.values().removeIf(Objects::isNull); // which a file may hold
        }
        if (rivals != null) {
            rivals = List.copyOf(rivals);
        }
        if (created != null) {
            created = Instant.parse(created).toString();
        }
    }

    /**
     * The record of a new disk.
     *
     * @throws SrException with {@link SrError#ILLEGAL_CHARACTER} for a name that not all can say, {@link SrError#BAD_REQUEST} for
     *     more than a record holds
     */
    public static VdiRecord of(
            String name, String description, @Nullable VdiId snapshotOf, Instant created, Map<String, String> keys) {
        String of = snapshotOf == null ? null : snapshotOf.toString();
        return new VdiRecord(
                        LegalText.check("name", name),
                        LegalText.check("description", description),
                        of,
                        created.toString(),
                        keys.isEmpty() ? null : keys,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null)
                .noLargerThan(MOST_BYTES + OF_SNAPSHOT_BYTES);
    }

    /** Returns this as it stands in its file. */
    public String encode() {
        return GSON.toJson(this);
    }

    /**
     * Reads what {@link #encode} returns.
     *
     * @return null for an empty text
     * @throws RuntimeException if it is anything else
     */
    static @Nullable VdiRecord decode(String text) {
        return GSON.fromJson(text, VdiRecord.class);
    }

    private VdiRecord noLargerThan(int mostBytes) {
        int bytes = encode().getBytes(UTF_8).length;
        if (bytes > mostBytes) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "Name, description and keys of the disk take " + bytes + " bytes, expected at most "
                                    + mostBytes)
                    .correction("Keep what is long elsewhere, and its place in a key.");
        }
        return this;
    }

    /** The record of a disk of which nothing is known. */
    static VdiRecord unknown(String name) {
        return new VdiRecord(name, "", null, null, null, null, null, null, null, null, null);
    }

    /** The record that hides a raw base copy. */
    public static VdiRecord ofBaseCopy() {
        return new VdiRecord("", "", null, null, null, true, null, null, null, null, null);
    }

    public VdiRecord with(VdiChange change) {
        Map<String, String> changed = new TreeMap<>(allKeys());
        changed.putAll(change.set());
        changed.keySet().removeAll(change.remove());
        return new VdiRecord(
                        LegalText.check("name", Objects.requireNonNullElse(change.name(), name)),
                        LegalText.check("description", Objects.requireNonNullElse(change.description(), description)),
                        snapshotOf,
                        created,
                        changed.isEmpty() ? null : changed,
                        baseCopy,
                        change.resetOnBoot() == null
                                ? resetOnBoot
                                : Boolean.TRUE.equals(change.resetOnBoot()) ? Boolean.TRUE : null,
                        zerosElided,
                        file,
                        rivals,
                        origin)
                .noLargerThan(MOST_BYTES);
    }

    /** Returns this with a note that the disk may lack zeros that it shows. */
    public VdiRecord withZerosElided() {
        return new VdiRecord(
                name, description, snapshotOf, created, keys, baseCopy, resetOnBoot, true, file, rivals, origin);
    }

    /** Returns this with the file that is the disk. */
    public VdiRecord withFile(String newFile, @Nullable List<String> decidedAgainst) {
        return new VdiRecord(
                name,
                description,
                snapshotOf,
                created,
                keys,
                baseCopy,
                resetOnBoot,
                zerosElided,
                newFile,
                decidedAgainst,
                origin);
    }

    /** Returns this with another origin, or with none. */
    public VdiRecord withOrigin(@Nullable UUID content) {
        return new VdiRecord(
                name,
                description,
                snapshotOf,
                created,
                keys,
                baseCopy,
                resetOnBoot,
                zerosElided,
                file,
                rivals,
                content == null ? null : content.toString());
    }

    public @Nullable UUID originId() {
        return origin == null ? null : UUID.fromString(origin);
    }

    /** Whether it is noted that a file is the disk, whatever other files claim to be. */
    public boolean isOf(String name) {
        return name.equals(file);
    }

    /** Whether it was decided that other files are not the disk. */
    public boolean isDecidedAgainst(Collection<String> others) {
        return rivals != null && rivals.containsAll(others);
    }

    public boolean areZerosElided() {
        return Boolean.TRUE.equals(zerosElided);
    }

    public boolean isResetOnBoot() {
        return Boolean.TRUE.equals(resetOnBoot);
    }

    public Map<String, String> allKeys() {
        return keys == null ? Map.of() : keys;
    }

    public boolean isBaseCopy() {
        return Boolean.TRUE.equals(baseCopy);
    }

    public @Nullable VdiId snapshotOfId() {
        return snapshotOf == null ? null : new VdiId(UUID.fromString(snapshotOf));
    }

    public @Nullable Instant createdAt() {
        return created == null ? null : Instant.parse(created);
    }
}
