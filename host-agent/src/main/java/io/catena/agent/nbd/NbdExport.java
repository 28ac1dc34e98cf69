package io.catena.agent.nbd;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.RequestMeter;

/**
 * A disk that is served under a name.
 *
 * @param clients who uses it; closed to new ones when the export is withdrawn
 * @param meter hears of all requests
 */
record NbdExport(VdiId vdi, AccessMode mode, BlockDevice device, ConnectionSet clients, RequestMeter meter) {
    NbdExport {
        if (mode == AccessMode.READ_WRITE && device.readOnly()) {
            throw new IllegalArgumentException("a read-only disk cannot be exported read-write: " + vdi);
        }
    }

    /** Returns this for a client that may do no more than {@code most}. */
    NbdExport as(AccessMode most) {
        return most == AccessMode.READ_ONLY && !readOnly() ? new NbdExport(vdi, most, device, clients, meter) : this;
    }

    /** Returns this with something before the disk. */
    NbdExport of(BlockDevice other) {
        return new NbdExport(vdi, mode, other, clients, meter);
    }

    String name() {
        return vdi.toString();
    }

    /** For humans. */
    String description() {
        return "VDI " + vdi + ", " + device.sizeBytes() + " bytes, " + mode.symbol();
    }

    boolean readOnly() {
        return mode == AccessMode.READ_ONLY;
    }

    /** What clients may do with it, as the handshake says it. */
    int transmissionFlags(boolean structuredReplies) {
        int always = NbdProtocol.HAS_FLAGS
                | NbdProtocol.SEND_FLUSH
                | NbdProtocol.CAN_MULTI_CONN
                | NbdProtocol.SEND_CACHE
                | (structuredReplies ? NbdProtocol.SEND_DF : 0);
        int writing = NbdProtocol.SEND_FUA
                | NbdProtocol.SEND_TRIM
                | NbdProtocol.SEND_WRITE_ZEROES
                | NbdProtocol.SEND_FAST_ZERO;
        return always | (readOnly() ? NbdProtocol.READ_ONLY : writing);
    }
}
