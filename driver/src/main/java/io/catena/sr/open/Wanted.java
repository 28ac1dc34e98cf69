package io.catena.sr.open;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.record.SrRecord;
import io.catena.sr.tree.TreeScanner;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a directory must be to be attached. An SR that is expected there and is not, say since its file system is not mounted,
 * must not be made anew; and a directory of something else must not become an SR by a slip.
 *
 * @param id the SR that must be there; null for any
 * @param adopt whether a directory that is no SR becomes one, with the VHDs that are there
 */
public record Wanted(@Nullable SrId id, boolean adopt) {
    /** Any SR that is there. */
    public static final Wanted KNOWN = new Wanted(null, false);

    /** Any SR that is there, else one that is made of the VHDs that are there. */
    public static final Wanted ADOPTED = new Wanted(null, true);

    void checkKnown(SrRecord found) {
        if (id != null && !found.srId().equals(id)) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            "The directory holds SR " + found.id() + " (" + found.name() + "), expected SR " + id)
                    .correction(
                            "Mount the file system of SR " + id + " there, or attach it by the directory where it is.");
        }
    }

    void checkUnknown(Storage storage, String path) {
        if (id != null) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " holds no SR, expected SR " + id)
                    .correction("Mount the file system of the SR there, and try again; nothing was made or forgotten.");
        }
        if (!adopt) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " is no SR")
                    .correction(Advice.of("Make one of the VHDs there with: ")
                            .then(Remedy.of(Verb.SR_ATTACH, path).with("adopt"))
                            .then("; or a new one in an absent or empty directory with: ")
                            .then(Remedy.of(Verb.SR_CREATE, "NAME").with("path", "DIR")));
        }
        List<String> files = files(storage, path);
        if (!files.isEmpty() && files.stream().noneMatch(TreeScanner::isNode)) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " holds no VHD, but other files, as " + files.get(0))
                    .correction("Give a directory of VHDs, or an empty one.");
        }
    }

    private static List<String> files(Storage storage, String path) {
        try {
            List<String> names = TreeScanner.nodes(storage);
            if (names.isEmpty()) {
                names = storage.list("");
            }
            return names.isEmpty()
                    ? storage.directories("").stream()
                            .filter(n -> !isHarmless(n))
                            .toList()
                    : names;
        } catch (IOException e) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " cannot be listed: " + e.getMessage(), e);
        }
    }

    /** What an empty file system has, and an attach that was interrupted leaves. */
    private static boolean isHarmless(String directory) {
        return directory.equals("lost+found") || directory.equals(".catena");
    }
}
