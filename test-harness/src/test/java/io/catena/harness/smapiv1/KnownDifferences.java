package io.catena.harness.smapiv1;

import com.google.gson.JsonObject;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All in which this driver may differ from XenServer's own for directories, each with its reason. */
final class KnownDifferences {
    /**
     * Physical sizes are those of the file system here, and apparent ones there; they are told whenever they have changed. What goes with
     * them is told in one go.
     */
    static final Set<String> NOT_COMPARED =
            Set.of("VDI.set_virtual_size", "VDI.set_physical_utilisation", "VDI.set_read_only", "VDI.set_cbt_enabled");

    /**
     * A difference.
     *
     * @param command the command, or "*"
     * @param from the first call
     * @param to the last call
     */
    record Difference(String command, int from, int to, String aspect, String reason) {
        boolean covers(int n, String called, String what) {
            return (command.equals("*") || command.equals(called)) && n >= from && n <= to && aspect.equals(what);
        }
    }

    private static final List<Difference> ALL = List.of(
            of("sr_probe", 6, 6, "fault", "it is answered: dialogs ask with it"),
            of("sr_create", 7, 7, "fault", "42 is what the code says; the genuine driver hides it behind 61"),
            of("vdi_snapshot", 1, 85, "writes", "no pause, keys one by one, a user's leaf-coalesce=false stays"),
            of("vdi_clone", 1, 85, "writes", "as vdi_snapshot"),
            of("vdi_resize", 43, 43, "writes", "told again: the answer to an earlier call may have been lost"),
            of("vdi_enable_cbt", 1, 85, "writes", "no pause: nothing is tracked"),
            of("vdi_disable_cbt", 1, 85, "writes", "as vdi_enable_cbt"),
            of("sr_scan", 60, 60, "writes", "a snapshot without data builds on nothing any more"),
            of("vdi_compose", 62, 62, "fault", "the child has a parent with data; it would be lost"),
            of("vdi_compose", 62, 62, "writes", "as its fault"),
            of("vdi_revert", 63, 63, "fault", "it is answered"),
            of("vdi_revert", 63, 63, "writes", "as its fault"),
            of("vdi_delete", 65, 65, "writes", "sizes are told also if the disk was gone"),
            of("sr_scan", 67, 67, "writes", "the disk of call 62 was deleted by a call of the test"),
            of("sr_delete", 84, 84, "writes", "rows are forgotten by the driver's own method"));

    /** Disks that are not looked at for some calls. */
    private static final Map<String, int[]> LEFT_OUT = Map.of(
            // Without data it keeps its size here; the genuine driver tells that of the log.
            "@U10@", new int[] {60, 76},
            // Not composed: see vdi_compose.
            "@U13@", new int[] {62, 85},
            "@U8@", new int[] {62, 64},
            // Reverted: see vdi_revert.
            "@U1@", new int[] {63, 69});

    private static Difference of(String command, int from, int to, String aspect, String reason) {
        return new Difference(command, from, to, aspect, reason);
    }

    /** Those that no call has shown yet. */
    private final Set<Difference> unseen = new LinkedHashSet<>(ALL);

    /** Whether a call that differs in an aspect may. */
    boolean allows(int n, String command, String aspect) {
        List<Difference> covering = ALL.stream()
                .filter(difference -> difference.covers(n, command, aspect))
                .toList();
        unseen.removeAll(covering);
        return !covering.isEmpty();
    }

    /** Returns those that no call has shown: they are to be removed here. */
    Set<Difference> unseen() {
        return unseen;
    }

    /** Whether a disk is not looked at after a call. */
    static boolean isLeftOut(JsonObject call, String disk) {
        int[] calls = LEFT_OUT.get(disk);
        int n = call.get("n").getAsInt();
        return calls != null && n >= calls[0] && n <= calls[1];
    }
}
