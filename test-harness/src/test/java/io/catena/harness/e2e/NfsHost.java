package io.catena.harness.e2e;

import io.catena.harness.guest.AgentDisk;
import io.catena.harness.guest.RunningGuest;
import java.io.IOException;
import java.util.Locale;

/**
 * A host in a guest: a network, mounts and a name of its own, an agent, and a link to the guest's NFS server. For that it is a
 * client like any other: each host is known to it by its own name, and loses what it has when it was silent for too long. For
 * one test thread.
 */
final class NfsHost {
    private final RunningGuest guest;
    private final AgentDisk disk;
    private final String name;
    private final int network;
    private final GuestAgent agent;

    private NfsHost(RunningGuest guest, AgentDisk disk, String name, int network) {
        this.guest = guest;
        this.disk = disk;
        this.name = name;
        this.network = network;
        agent = new GuestAgent(guest, disk, run(), disk.program("nsenter") + " -t $(cat " + run() + ".ns) -n -u -m");
    }

    /**
     * Makes one; its agent is to be started.
     *
     * @param network a number that no other host has
     */
    static NfsHost make(RunningGuest guest, AgentDisk disk, String name, int network) throws IOException {
        NfsHost host = new NfsHost(guest, disk, name, network);
        guest.run(disk.environment()
                + String.format(
                        Locale.ROOT, """
                set -e
                %4$s --net --uts --mount --propagation private sleep 1000000 >/dev/null 2>&1 3>&- &
                pid=$!
                until [ "$(cat /proc/$pid/comm)" = sleep ]; do usleep 100000; done
                echo $pid >%1$s.ns
                /usr/bin/ip link add v%2$s type veth peer name e%2$s netns $pid
                /usr/bin/ip addr add 10.9.%3$d.1/24 dev v%2$s
                /usr/bin/ip link set v%2$s up
                %5$s -t $pid -n -u -m sh -ec '
                    hostname %2$s
                    mount -t sysfs sys /sys
                    echo %2$s >/sys/fs/nfs/net/nfs_client/identifier
                    /usr/bin/ip link set lo up
                    /usr/bin/ip addr add 10.9.%3$d.2/24 dev e%2$s
                    /usr/bin/ip link set e%2$s up'
                """, host.run(), name, network, disk.program("unshare"), disk.program("nsenter")));
        return host;
    }

    private String run() {
        return "/run/" + name;
    }

    GuestAgent agent() {
        return agent;
    }

    /** Ends its agent as a crash would, and its mounts with it. */
    void end() throws IOException {
        guest.run("kill -9 $(cat " + run() + ".pid) $(cat " + run() + ".ns) || true");
    }

    /** Where the server is for this host. */
    String server() {
        return "10.9." + network + ".1";
    }

    /** Returns a script that cuts the link to the server: nothing is refused, nothing arrives. */
    String cutting() {
        return "/usr/bin/ip link set v" + name + " down\n";
    }

    void heal() throws IOException {
        guest.run("/usr/bin/ip link set v" + name + " up");
    }

    /** Returns a script that does I/O on a disk, and flushes when it is told to and at its end. */
    String qemuIo(String vdi, String... commands) {
        StringBuilder script = new StringBuilder(disk.environment())
                .append(disk.program("qemu-io"))
                .append(" -t writeback -f raw");
        for (String command : commands) {
            script.append(" -c '").append(command).append('\'');
        }
        return script.append(" 'nbd+unix:///")
                .append(vdi)
                .append("?socket=")
                .append(run())
                .append("/nbd.sock'")
                .toString();
    }
}
