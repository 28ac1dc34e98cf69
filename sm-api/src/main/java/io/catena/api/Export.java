package io.catena.api;

/**
 * How an attached VDI is reached.
 *
 * @param uri an NBD URI, for instance {@code nbd+unix:///EXPORT?socket=PATH}
 */
public record Export(VdiId vdi, AccessMode mode, String uri) {
    /** Returns the same place in another mode. */
    public Export as(AccessMode other) {
        return new Export(vdi, other, uri);
    }
}
