package io.catena.agent.mount;

import io.catena.agent.linux.MountTable;
import io.catena.agent.linux.MountTable.Mount;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Whether an NFS mount, whoever made it, can hold an SR without a loss.
 *
 * <p>Source: {@code nfs(5)}; the names of the options are those of the kernel's table of mounts.
 */
public final class NfsMountCheck {
    private static final Set<String> NFS = Set.of("nfs", "nfs4");

    private static final Path RECOVER_LOST_LOCKS = Path.of("/sys/module/nfs/parameters/recover_lost_locks");

    /**
     * What was found.
     *
     * @param refusals why two hosts could harm each other's data
     * @param warnings what makes a failure worse than it need be
     */
    public record Findings(List<String> refusals, List<String> warnings) {
        public Findings {
            refusals = List.copyOf(refusals);
            warnings = List.copyOf(warnings);
        }

        /**
         * Refuses what is not safe for several hosts.
         *
         * @throws SrException if something was found
         */
        public void refuse(Path directory) {
            if (!refusals.isEmpty()) {
                throw new SrException(
                                SrError.SR_UNAVAILABLE,
                                directory + " is mounted so that two hosts could write the same data: "
                                        + String.join("; ", refusals))
                        .correction(
                                "Mount it by NFS 4.1 or later, with hard and lookupcache=positive and without these; or"
                                        + " let Catena mount it: --type nfs.");
            }
        }
    }

    private NfsMountCheck() {}

    /** Looks at the mount that a directory is on; at its entry in the table only, not at its files. */
    public static Findings of(Path directory) throws IOException {
        Path real = directory.toRealPath();
        boolean recovers = Files.exists(RECOVER_LOST_LOCKS)
                && Files.readString(RECOVER_LOST_LOCKS).strip().equals("Y");
        return MountTable.read()
                .holding(real)
                .map(mount -> of(mount, recovers))
                .orElse(new Findings(List.of(), List.of()));
    }

    /**
     * @param recovers whether the kernel goes on to write with locks that another host may have had meanwhile
     */
    static Findings of(Mount mount, boolean recovers) {
        List<String> refusals = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        if (NFS.contains(mount.type())) {
            Set<String> options = mount.options();
            if (recovers) {
                refusals.add("recover_lost_locks=Y of the kernel's module nfs writes on with locks that were lost");
            }
            if (options.contains("nolock")) {
                refusals.add("nolock keeps locks from the other hosts");
            }
            if (options.contains("nocto")) {
                refusals.add("nocto shows what other hosts have written too late");
            }
            options.stream()
                    .filter(option -> option.startsWith("local_lock=") && !option.equals("local_lock=none"))
                    .forEach(option -> refusals.add(option + " keeps locks from the other hosts"));
            if (options.contains("soft") || options.contains("softerr")) {
                warnings.add(
                        "soft fails requests of guests when the server is away, and what has failed may be done later");
            }
            if (options.stream().noneMatch(option -> option.startsWith("lookupcache="))) {
                warnings.add("without lookupcache=positive this host may see a minute late what another has made");
            }
            if (options.contains("vers=3") || options.contains("vers=2")) {
                warnings.add("NFS 3 does not tell a server who has a file open; 4.1 or later does");
            }
        }
        return new Findings(refusals, warnings);
    }
}
