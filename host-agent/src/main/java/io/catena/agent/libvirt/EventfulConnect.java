package io.catena.agent.libvirt;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import io.catena.agent.guest.Guest;
import io.catena.api.VdiId;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.libvirt.Connect;
import org.libvirt.LibvirtException;

/** A connection of libvirt-java with what that lacks; see {@link NativeLibvirt}. */
class EventfulConnect extends Connect {
    private final NativeLibvirt libvirt = NativeLibvirt.INSTANCE;

    /** Held as long as libvirt may call it: JNA does not. */
    @SuppressWarnings("UnusedVariable")
    private NativeLibvirt.@Nullable DeviceEvent callback;

    EventfulConnect(String uri) throws LibvirtException {
        super(uri);
    }

    /**
     * Has {@code listener} told when a guest gave up a disk of ours or said that it does not; on libvirt's event thread.
     */
    void onUnplugEnded(BiConsumer<UUID, VdiId> listener) {
        NativeLibvirt.DeviceEvent event = (connection, domain, alias, opaque) ->
                DiskXml.ofAlias(alias).ifPresent(vdi -> listener.accept(uuid(domain), vdi));
        callback = event;
        register(NativeLibvirt.EVENT_DEVICE_REMOVED, event);
        register(NativeLibvirt.EVENT_DEVICE_REMOVAL_FAILED, event);
    }

    /** Returns whether and why a domain runs or does not. */
    Guest.State state(String uuid) {
        Pointer domain = libvirt.virDomainLookupByUUIDString(vcp.getPointer(), uuid);
        if (domain == null) {
            return Guest.State.OTHER;
        }
        try {
            IntByReference state = new IntByReference();
            IntByReference reason = new IntByReference();
            return libvirt.virDomainGetState(domain, state, reason, 0) < 0
                    ? Guest.State.OTHER
                    : state(state.getValue(), reason.getValue());
        } finally {
            libvirt.virDomainFree(domain);
        }
    }

    private static Guest.State state(int state, int reason) {
        if (state == NativeLibvirt.STATE_RUNNING || state == NativeLibvirt.STATE_BLOCKED) {
            return Guest.State.RUNNING;
        }
        if (state != NativeLibvirt.STATE_PAUSED) {
            return Guest.State.OTHER;
        }
        return reason == NativeLibvirt.PAUSED_IOERROR ? Guest.State.PAUSED_BY_IO_ERROR : Guest.State.PAUSED;
    }

    private void register(int event, NativeLibvirt.DeviceEvent listener) {
        int id = libvirt.virConnectDomainEventRegisterAny(vcp.getPointer(), null, event, listener, null, null);
        if (id < 0) {
            throw new IllegalStateException("libvirt does not tell of event " + event);
        }
    }

    private UUID uuid(Pointer domain) {
        byte[] text = new byte[NativeLibvirt.UUID_STRING_BYTES];
        libvirt.virDomainGetUUIDString(domain, text);
        return UUID.fromString(new String(text, 0, text.length - 1, StandardCharsets.US_ASCII));
    }
}
