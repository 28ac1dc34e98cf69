package io.catena.agent.smapi;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.regex.Pattern;

/**
 * How a datapath plugin makes disks reachable, as it was installed.
 *
 * @param xenBackend the kind of disk that a guest of Xen gets; empty for a host without Xen
 * @param block whether a disk that is active is a block device of the host as well
 */
public record Offer(String xenBackend, boolean block) {
    private static final String BLOCK = ",block";
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
        return option.endsWith(BLOCK)
                ? new Offer(option.substring(0, option.length() - BLOCK.length()), true)
                : new Offer(option, false);
    }

    /** Returns this as a launcher sends it with each call. */
    String toOption() {
        return block ? xenBackend + BLOCK : xenBackend;
    }
}
