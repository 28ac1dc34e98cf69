package io.catena.lease;

/**
 * A record as a {@link LeaseStore} has it.
 *
 * @param value JSON
 * @param version grows with each change of the record and is never given twice: the fencing token, or epoch, of whoever
 *     wrote it; more than 0
 */
public record Entry(String key, String value, long version) {}
