package io.catena.harness.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;

/** libvirt's qemu driver within this process, with all that it keeps in one directory; its guests end with the process. */
public final class EmbeddedLibvirt {
    private EmbeddedLibvirt() {}

    /** Prepares a directory, which is made if it is absent, and returns the URI of the driver that lives there. */
    public static String configure(Path root) throws IOException {
        Files.writeString(Files.createDirectories(root.resolve("etc")).resolve("qemu.conf"), QemuConf.TEXT, UTF_8);
        return "qemu:///embed?root=" + root;
    }

    /** Ends a guest. */
    public static void destroy(String uri, String guest) throws IOException {
        try {
            Connect connect = new Connect(uri);
            try {
                Domain domain = connect.domainLookupByName(guest);
                domain.destroy();
                domain.free();
            } finally {
                connect.close();
            }
        } catch (LibvirtException e) {
            throw new IOException("guest " + guest + " cannot be ended: " + e.getMessage(), e);
        }
    }
}
