package io.catena.harness.peer;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * One VHD file of a fixture, with what its manifest says about it.
 *
 * @param path the unpacked file
 * @param type fixed, dynamic, differencing; a number if it is another; empty if the file has no valid footer
 * @param virtualSizeBytes empty if the file has no valid footer
 * @param uuid the footer's unique id; empty if the file has no valid footer
 * @param verdict what a correct checker says
 * @param reason why the verdict is not {@link Verdict#VALID}
 * @param contentSha256 digest of the disk as a guest must see it through the chain, in lower-case hex; empty if there is
 *     no defined content
 * @param parent the immediate parent; it need not exist
 * @param parentRaw whether the parent is a raw file
 * @param vhdUtilCheck exit code of {@code vhd-util check}; empty if that said nothing
 */
public record FixtureFile(
        Path path,
        Optional<String> type,
        OptionalLong virtualSizeBytes,
        Optional<UUID> uuid,
        Verdict verdict,
        Optional<String> reason,
        Optional<String> contentSha256,
        Optional<Path> parent,
        boolean parentRaw,
        OptionalInt vhdUtilCheck) {

    /** What a correct checker says about a file. */
    public enum Verdict {
        /** Accepted without a word. */
        VALID,
        /** Accepted with a warning. */
        WARN,
        /** An error, which can be repaired without losing data. */
        REPAIRABLE,
        /** An error. */
        INVALID,
        /** Refused on open. */
        UNSUPPORTED
    }
}
