package io.catena.agent.smapi;

import io.catena.api.ExportKind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.regex.Pattern;

/**
 * How a datapath plugin makes disks reachable, as it was installed.
 *
 * @param xenBackend the kind of disk that a guest of Xen gets; empty for a host without Xen
 * @param as how a disk that is active is exported: over NBD alone, or in this way as well
 */
public record Offer(String xenBackend, ExportKind as) {
    private static final Pattern BACKEND = Pattern.compile("[a-z0-9]*");

    /** @throws SrException with {@link SrError#BAD_REQUEST} if the backend is no plain word */
    public Offer {
        if (!BACKEND.matcher(xenBackend).matches()) {
            throw new SrException(
                    SrError.BAD_REQUEST, "The backend \"" + xenBackend + "\" is no name of letters and digits");
        }
    }

    /** Reads what {@link #toOption} writes. */
    static Offer parse(String option) {
        int comma = option.indexOf(',');
        return comma < 0
                ? new Offer(option, ExportKind.NBD)
                : new Offer(option.substring(0, comma), ExportKind.of(option.substring(comma + 1)));
    }

    /** Returns this as a launcher sends it with each call. */
    String toOption() {
        return as == ExportKind.NBD ? xenBackend : xenBackend + "," + as.symbol();
    }
}
