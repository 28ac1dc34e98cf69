package io.catena.check;

/** Paths as VHD files hold them. */
final class Paths {
    private Paths() {}

    /** Returns the last part of a path, whichever kind of slash is between the parts. */
    static String lastPart(String path) {
        String slashes = path.replace('\\', '/');
        return slashes.substring(slashes.lastIndexOf('/') + 1);
    }
}
