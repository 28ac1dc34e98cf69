package io.catena.harness.bench.snapshot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Disks that are served over NBD, and can be cut. */
interface Disks extends Closeable {
    /** Where they are served. */
    Path socket();

    /** Their names there. */
    List<String> exports();

    /** Takes a snapshot of the first disk, or of all at one instant; returns the longest pause that is reported, or -1. */
    long snapshot(boolean all) throws IOException;
}
