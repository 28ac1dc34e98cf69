package io.catena.store;

import java.io.IOException;
import java.nio.file.Path;

/** Tells what a file takes on its file system. Java cannot; whoever can call stat(2) supplies it. */
@FunctionalInterface
public interface AllocatedBytes {
    /** Returns the bytes that the file system has allocated to {@code file}. Called by any thread. */
    long of(Path file) throws IOException;
}
