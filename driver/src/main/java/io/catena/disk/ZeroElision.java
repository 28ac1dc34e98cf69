package io.catena.disk;

/**
 * Decides whether a disk may leave zeros out of its leaf where the chain has nothing anyway. It shows the same for as long as
 * nothing comes to lie under them; a disk that will be put upon another must hold its zeros itself.
 *
 * <p><b>Threads.</b> Asked from many threads at once, by requests under way.
 */
@FunctionalInterface
public interface ZeroElision {
    /** For disks that are never put upon others. */
    ZeroElision ALLOWED = () -> true;

    /** Returns whether zeros may be left out now; asked before each time that takes effect. */
    boolean mayElide();
}
