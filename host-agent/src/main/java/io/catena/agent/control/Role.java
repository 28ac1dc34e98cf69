package io.catena.agent.control;

import com.google.gson.annotations.SerializedName;
import java.util.Locale;

/** What a caller may do. Each role may do all that those before it may. */
public enum Role {
    /** Reads metrics, and nothing else. */
    @SerializedName("metrics")
    METRICS,
    /** Sees all that is told of SRs, disks, jobs and events. */
    @SerializedName("viewer")
    VIEWER,
    /** Takes snapshots, and deletes those that it took itself. */
    @SerializedName("backup")
    BACKUP,
    /** Makes disks and clones, attaches and detaches, deletes snapshots, controls garbage collection and jobs. */
    @SerializedName("operator")
    OPERATOR,
    /** Another agent: all that an operator may, and what its own callers ask of SRs that both hosts reach. */
    @SerializedName("peer")
    PEER,
    /** Everything: deletes disks, drops their contents, makes and destroys SRs, and says who else may come in. */
    @SerializedName("admin")
    ADMIN;

    /** As it is written in options and in JSON. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it may do what {@code other} may. */
    public boolean includes(Role other) {
        return compareTo(other) >= 0;
    }

    /**
     * Returns the role that is written as {@code text}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Role parse(String text) {
        for (Role role : values()) {
            if (role.text().equals(text)) {
                return role;
            }
        }
        throw new IllegalArgumentException(
                "the role is \"" + text + "\", expected metrics, viewer, backup, operator, peer or admin");
    }
}
