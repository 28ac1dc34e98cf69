package io.catena.agent.smapi;

import io.catena.agent.cbt.XenChangedBlocks;
import io.catena.api.StorageHost;

/** The methods {@code Volume.*} that have to do with changed blocks. */
final class ChangeCalls {
    private final Places places;

    ChangeCalls(StorageHost host) {
        places = new Places(host);
    }

    Object enable(Arguments call, boolean enabled) {
        return VolumeCalls.with(volume(call, "key"), volume -> {
            XenChangedBlocks.enable(volume.repository(), volume.vdi(), enabled);
            return Answers.NOTHING;
        });
    }

    Object destroyData(Arguments call) {
        return VolumeCalls.with(volume(call, "key"), volume -> {
            volume.repository().destroyData(volume.vdi());
            return Answers.NOTHING;
        });
    }

    /** The first key is the older. All of the disk is told, whatever part is asked for: XAPI asks for all. */
    Object list(Arguments call) {
        if (call.int64("offset") != 0) {
            throw Refusal.unimplemented("A part of the changed blocks");
        }
        Places.Volume target = volume(call, "key2");
        VolumeCalls.with(target, found -> found.repository().vdi(found.vdi()));
        return VolumeCalls.with(
                volume(call, "key"),
                from -> new Answers.ChangedBlocks(
                        XenChangedBlocks.BLOCK_BYTES,
                        XenChangedBlocks.bitmap(
                                from.repository(), from.repository().contents(), from.vdi(), target.vdi())));
    }

    private Places.Volume volume(Arguments call, String key) {
        return places.volume(call.string("sr"), call.string(key));
    }
}
