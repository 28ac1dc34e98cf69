package io.catena.api;

import java.util.List;

/**
 * What is at a place.
 *
 * @param exports what a server offers, if the place is a server without a path
 * @param found the directories at the place that are or may become SRs
 */
public record LocationProbe(SrLocation location, List<String> exports, List<SrProbe> found) {
    public LocationProbe {
        exports = List.copyOf(exports);
        found = List.copyOf(found);
    }
}
