package io.catena.agent.libvirt;

import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import org.jspecify.annotations.Nullable;

/**
 * What libvirt-java 0.5.4 lacks: why a domain is paused, and the events of devices.
 *
 * <p>Source: {@code libvirt/libvirt-domain.h}; all of it is in libvirt since 3.1.
 */
interface NativeLibvirt extends Library {
    NativeLibvirt INSTANCE = Native.load("virt", NativeLibvirt.class);

    int EVENT_DEVICE_REMOVED = 15;
    int EVENT_DEVICE_REMOVAL_FAILED = 22;
    int UUID_STRING_BYTES = 37;

    int STATE_RUNNING = 1;
    int STATE_BLOCKED = 2;
    int STATE_PAUSED = 3;
    int PAUSED_IOERROR = 5;

    /** {@code virConnectDomainEventDeviceRemovedCallback}, and the one for its failure, which is alike. */
    interface DeviceEvent extends Callback {
        void happened(Pointer connection, Pointer domain, String alias, Pointer opaque);
    }

    int virConnectDomainEventRegisterAny(
            Pointer connection,
            @Nullable Pointer domain,
            int event,
            DeviceEvent callback,
            @Nullable Pointer opaque,
            @Nullable Pointer free);

    int virDomainGetUUIDString(Pointer domain, byte[] text);

    @Nullable
    Pointer virDomainLookupByUUIDString(Pointer connection, String uuid);

    int virDomainGetState(Pointer domain, IntByReference state, IntByReference reason, int flags);

    int virDomainFree(Pointer domain);
}
