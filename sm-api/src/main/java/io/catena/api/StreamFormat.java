package io.catena.api;

import java.util.Locale;

/** How the content of a disk is written as a stream of bytes. */
public enum StreamFormat {
    /** The sectors of the disk, one after another. */
    RAW,
    /** A dynamic VHD; with a base, a differencing one that holds what changed. */
    VHD,
    /** An image as QEMU has them; with a base, one that has the base's image as its backing file. */
    QCOW2;

    /**
     * Returns the format that people call {@code name}, as "vhd".
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if there is none
     */
    public static StreamFormat of(String name) {
        for (StreamFormat format : values()) {
            if (format.text().equals(name)) {
                return format;
            }
        }
        throw new SrException(SrError.BAD_REQUEST, "There is no format \"" + name + "\"")
                .correction("The formats are raw, vhd and qcow2.");
    }

    /** Returns what people call it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
