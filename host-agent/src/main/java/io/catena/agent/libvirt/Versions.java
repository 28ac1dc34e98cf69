package io.catena.agent.libvirt;

import io.catena.api.SrError;
import io.catena.api.SrException;
import org.libvirt.Connect;
import org.libvirt.LibvirtException;

/** Refuses a libvirt that lacks what we need. Its versions are numbers: 1000000 major + 1000 minor + release. */
final class Versions {
    /** Of these on we know how hot-plug, guest agent and disks over NBD behave. */
    static final long LEAST_LIBVIRT = 6_000_000;

    static final long LEAST_QEMU = 4_002_000;

    private Versions() {}

    /**
     * Looks at what a connection leads to.
     *
     * @throws SrException {@link SrError#HYPERVISOR_UNAVAILABLE} if it is not qemu, or one of the two is too old
     */
    static void check(Connect connect) throws LibvirtException {
        check(connect.getType(), connect.getLibVersion(), connect.getVersion());
    }

    static void check(String type, long libvirt, long qemu) {
        if (!type.equals("QEMU")) {
            throw unfit("it runs " + type + ", expected QEMU");
        }
        if (libvirt < LEAST_LIBVIRT) {
            throw unfit("it is libvirt " + text(libvirt) + ", expected at least " + text(LEAST_LIBVIRT));
        }
        // 0 if libvirt has not seen a qemu yet.
        if (qemu != 0 && qemu < LEAST_QEMU) {
            throw unfit("it runs QEMU " + text(qemu) + ", expected at least " + text(LEAST_QEMU));
        }
    }

    private static SrException unfit(String what) {
        return new SrException(SrError.HYPERVISOR_UNAVAILABLE, what);
    }

    private static String text(long version) {
        return version / 1_000_000 + "." + version / 1_000 % 1_000 + "." + version % 1_000;
    }
}
