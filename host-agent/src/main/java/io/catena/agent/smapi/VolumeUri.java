package io.catena.agent.smapi;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.Uuids;
import io.catena.api.VdiId;

/** Where the datapath plugin finds a volume: {@code catena:///SR/VDI}. The scheme is the name of the plugin's directory. */
record VolumeUri(SrId sr, VdiId vdi) {
    static final String SCHEME = "catena";

    private static final String PREFIX = SCHEME + ":///";

    /**
     * Reads what {@link #toString} writes.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if {@code text} is anything else
     */
    static VolumeUri parse(String text) {
        if (text.startsWith(PREFIX)) {
            String[] parts = text.substring(PREFIX.length()).split("/", -1);
            if (parts.length == 2 && Uuids.isUuid(parts[0]) && Uuids.isUuid(parts[1])) {
                return new VolumeUri(SrId.parse(parts[0]), VdiId.parse(parts[1]));
            }
        }
        throw new SrException(
                SrError.BAD_REQUEST, "The URI is \"" + Arguments.abbreviated(text) + "\", expected catena:///SR/VDI");
    }

    @Override
    public String toString() {
        return PREFIX + sr + "/" + vdi;
    }
}
