package io.catena.store;

import java.io.Closeable;

/** A lock on a whole storage, held until it is closed. It is lost if somebody takes away or replaces the file behind it. */
public interface StorageLock extends Lease, Closeable {}
