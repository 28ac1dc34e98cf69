package io.catena.vhd;

import java.io.IOException;
import java.util.Set;
import java.util.UUID;

/** A differencing disk's parent is not where the disk says, or not the right one. */
public final class MissingParentException extends IOException {
    private static final long serialVersionUID = 1;

    MissingParentException(String child, UUID wanted, Set<String> names, String found) {
        super(child + ": no parent with id " + wanted + " at " + String.join(", ", names) + found);
    }
}
