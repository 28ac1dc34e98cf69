package io.catena.agent.smapiv1;

import io.catena.agent.cbt.XenChangedBlocks;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;

/** The commands that have to do with changed blocks. */
final class ChangeCommands {
    private final Place place;

    ChangeCommands(Place place) {
        this.place = place;
    }

    /** XAPI writes into its row itself whether they are told. */
    XmlRpcValue enable(DriverCall call, Rows rows, boolean enabled) {
        XenChangedBlocks.enable(place.repository(call), call.vdi(), enabled);
        rows.vdis().find(call.vdi().toString()).ifPresent(ref -> rows.vdis().setCbtEnabled(ref, enabled));
        return XmlRpcValue.nil();
    }

    /** The snapshot stays known to XAPI, which calls it {@code cbt_metadata} from then on. */
    XmlRpcValue destroyData(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        repository.destroyData(call.vdi());
        rows.tryWriteSizes(repository);
        return XmlRpcValue.nil();
    }

    /** The disk of the call is the older. Arguments: the reference of the other. */
    XmlRpcValue list(DriverCall call, Rows rows) {
        StorageRepository repository = place.repository(call);
        VdiId target = VdiId.parse(rows.vdis().uuid(call.argument(0)));
        try {
            return XmlRpcValue.of(XenChangedBlocks.bitmap(repository, repository.contents(), call.vdi(), target));
        } catch (SrException e) {
            if (e.error() == SrError.VDI_IN_USE) {
                throw SmFault.of(SmError.CHANGED_BLOCKS, e.detail(), e);
            }
            throw e;
        }
    }
}
