package io.catena.lease;

import io.catena.api.VdiId;
import java.util.UUID;
import java.util.regex.Pattern;

/** What records and notes are called. */
public final class LeaseKeys {
    /** The record of who may change names, links between files, records and the journal. */
    public static final String TREE = "tree";

    /** What the records of disks start with. */
    public static final String VDIS = "vdi/";

    /** What the notes by which hosts show that they live start with. */
    public static final String HOSTS = "hosts/";

    /** What the notes about hosts that were ended by force start with. */
    public static final String FENCED = "fenced/";

    /** What the notes about open files start with. */
    public static final String PINS = "pins/";

    private static final Pattern KEY = Pattern.compile("[a-z0-9-]+(/[a-z0-9-]+)*");

    private LeaseKeys() {}

    /** Returns the key of the record of who may write a disk. */
    public static String vdi(VdiId vdi) {
        return VDIS + vdi;
    }

    /** Returns the key of the note that {@code incarnation} of a host lives. */
    public static String host(UUID host, UUID incarnation) {
        return HOSTS + host + "/" + incarnation;
    }

    /** Returns the key of the note that a host was ended by force. */
    public static String fenced(UUID host, UUID incarnation) {
        return FENCED + host + "/" + incarnation;
    }

    /** Returns the key of the note that a host has a file open. */
    public static String pin(UUID node, UUID host) {
        return PINS + node + "/" + host;
    }

    /**
     * Returns {@code key}.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static String check(String key) {
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException("\"" + key + "\" is no key");
        }
        return key;
    }
}
