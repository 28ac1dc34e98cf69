package io.catena.vhd;

import java.io.IOException;
import java.util.Set;
import java.util.UUID;

/** A differencing disk's parent is not where the disk says, or not the right one. */
public final class MissingParentException extends IOException {
    private static final long serialVersionUID = 1;

    /** A child may name many parents, by names of thousands of characters. */
    private static final int MOST_CHARACTERS = 500;

    MissingParentException(String child, UUID wanted, Set<String> names, String found) {
        super(child + ": no parent with id " + wanted + " at " + cut(String.join(", ", names)) + cut(found));
    }

    private static String cut(String text) {
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "...";
    }
}
