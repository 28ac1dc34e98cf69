package io.catena.agent.libvirt;

import io.catena.agent.guest.GuestDisk;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Writes a disk of this agent as a {@code disk} element of a libvirt domain.
 *
 * <p>Source: <a href="https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms">formatdomain</a>. A failed
 * request pauses the guest ({@code stop}), so that it does not see what only lasts until the agent is back. libvirt before
 * 9.1 drops {@code reconnect} silently. Of the serial a guest sees the first 20 characters (virtio 1.2, 5.2.6.1).
 */
final class DiskXml {
    private static final String ALIAS = "ua-";

    /** For how long qemu holds requests back while there is no agent. */
    private static final int RECONNECT_SECONDS = 60;

    private DiskXml() {}

    static String of(GuestDisk disk, Path nbdSocket) {
        return String.format(
                Locale.ROOT,
                """
                <disk type='network' device='disk'>
                  <driver name='qemu' type='raw' cache='none' discard='unmap' error_policy='stop' rerror_policy='stop'/>
                  <source protocol='nbd' name='%1$s' tls='no'>
                    <host transport='unix' socket='%2$s'/>
                    <reconnect delay='%3$d'/>
                  </source>
                  <target dev='%4$s' bus='virtio'/>
                %5$s  <serial>%1$s</serial>
                  <alias name='%6$s'/>
                </disk>
                """,
                disk.vdi(),
                escaped(nbdSocket.toString()),
                RECONNECT_SECONDS,
                escaped(disk.target()),
                disk.mode() == AccessMode.READ_ONLY ? "  <readonly/>\n" : "",
                alias(disk.vdi()));
    }

    /** Returns the device's name; those that users give start with "ua-". */
    static String alias(VdiId vdi) {
        return ALIAS + vdi;
    }

    /** Returns the disk that a device's name tells of, if it is one of ours. */
    static Optional<VdiId> ofAlias(String alias) {
        return alias.startsWith(ALIAS) ? DomainXml.vdi(alias.substring(ALIAS.length())) : Optional.empty();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }
}
