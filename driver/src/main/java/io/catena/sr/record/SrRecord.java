package io.catena.sr.record;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrLimits;
import io.catena.api.Uuids;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an SR says of itself.
 *
 * @param id a UUID
 * @param chainLimit number of nodes that a chain may have
 * @param description null if there is none
 * @param chainWarning number of nodes from which on a chain is warned of; null for four fifths of the limit
 * @param adopted true if its nodes were there before it was an SR; null if not
 * @param limits what it may promise; null for no limits
 * @param format how the files of the SR are to be understood; null for the first
 */
public record SrRecord(
        String id,
        String name,
        int chainLimit,
        @Nullable String description,
        @Nullable Integer chainWarning,
        @Nullable Boolean adopted,
        @Nullable SrLimits limits,
        @Nullable Integer format) {
    /** What XenServer's own tools bear. */
    public static final int SHARED_CHAIN_LIMIT = 30;

    public static final int OWN_CHAIN_LIMIT = 255;

    /** The newest format that this version knows. A member that must not be ignored comes with a higher one. */
    private static final int FORMAT = 1;

    private static final int MOST_BYTES = 64 << 10;

    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    public SrRecord(String id, String name, int chainLimit) {
        this(id, name, chainLimit, null, null, null, null, null);
    }

    /** The record of a directory that becomes an SR with the nodes that are there. */
    public static SrRecord ofAdopted(String id, String name) {
        return new SrRecord(id, name, SHARED_CHAIN_LIMIT, null, null, true, null, null);
    }

    public boolean isAdopted() {
        return Boolean.TRUE.equals(adopted);
    }

    public SrId srId() {
        return SrId.parse(id);
    }

    public String text() {
        return description == null ? "" : description;
    }

    public int warnFrom() {
        return Math.min(chainLimit, chainWarning == null ? Math.max(2, chainLimit * 4 / 5) : chainWarning);
    }

    /** Returns this with what {@code change} names. */
    public SrRecord with(SrChange change) {
        requirePositive("chain limit", change.chainLimit());
        requirePositive("chain warning", change.chainWarning());
        if (change.name() != null && change.name().isBlank()) {
            throw new SrException(SrError.BAD_REQUEST, "An SR needs a name");
        }
        SrLimits changedLimits = allLimits().with(change.limits());
        return new SrRecord(
                id,
                LegalText.check("name", Objects.requireNonNullElse(change.name(), name)),
                Objects.requireNonNullElse(change.chainLimit(), chainLimit),
                change.description() == null ? description : LegalText.check("description", change.description()),
                change.chainWarning() == null ? chainWarning : change.chainWarning(),
                adopted,
                changedLimits.equals(SrLimits.NONE) ? null : changedLimits,
                format);
    }

    public SrLimits allLimits() {
        return limits == null ? SrLimits.NONE : limits;
    }

    private static void requirePositive(String what, @Nullable Integer nodes) {
        if (nodes != null && nodes < 2) {
            throw new SrException(
                    SrError.BAD_REQUEST, "The " + what + " is " + nodes + ", expected at least 2 nodes to a chain");
        }
    }

    /**
     * Replaces an SR's record; durable when this returns.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} for more than a record holds
     */
    public void write(Storage storage) throws IOException {
        String text = GSON.toJson(this);
        if (text.getBytes(UTF_8).length > MOST_BYTES) {
            throw new SrException(
                    SrError.BAD_REQUEST, "Name and description of the SR take more than " + MOST_BYTES + " bytes");
        }
        StoredText.write(storage, SrFiles.SR_RECORD, text);
    }

    /** Reads an SR's record; empty if the directory has none yet. */
    public static Optional<SrRecord> read(Storage storage) throws IOException {
        Optional<String> text = StoredText.readSmall(storage, SrFiles.SR_RECORD);
        return text.isEmpty() ? Optional.empty() : Optional.of(decode(text.get()));
    }

    private static SrRecord decode(String text) throws IOException {
        SrRecord record = parse(text);
        if (record != null && record.format != null && record.format > FORMAT) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            "The SR has format " + record.format + " (" + SrFiles.SR_RECORD
                                    + "), this version of Catena knows formats up to " + FORMAT)
                    .correction("Update Catena on this host.");
        }
        if (record != null
                && record.id != null
                && Uuids.isUuid(record.id)
                && record.name != null
                && record.chainLimit > 0) {
            return record;
        }
        throw new IOException(SrFiles.SR_RECORD + " lacks id, name or chainLimit: " + LegalText.beginning(text));
    }

    private static @Nullable SrRecord parse(String text) throws IOException {
        try {
            return GSON.fromJson(text, SrRecord.class);
        } catch (RuntimeException e) {
            // Gson throws what it likes.
            throw new IOException(SrFiles.SR_RECORD + " is damaged: " + e.getMessage(), e);
        }
    }
}
