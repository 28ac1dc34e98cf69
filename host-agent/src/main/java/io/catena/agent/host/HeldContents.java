package io.catena.agent.host;

import io.catena.api.ContentOrigin;
import io.catena.api.DiskRange;
import io.catena.api.KeptUpload;
import io.catena.api.StreamFormat;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.api.VdiUpload;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Contents for as long as the SR is held. A stream does not keep the SR from being closed; it breaks off then. */
final class HeldContents implements VdiContents {
    private final AttachedSr sr;
    private final SrGate gate;

    HeldContents(AttachedSr sr, SrGate gate) {
        this.sr = sr;
        this.gate = gate;
    }

    @Override
    public List<DiskRange> changes(VdiId vdi, @Nullable VdiId base) {
        sr.awaitComplete(List.of(vdi));
        return gate.use(repository -> repository.contents().changes(vdi, base));
    }

    @Override
    public VdiStream export(VdiId vdi, StreamFormat format, @Nullable VdiId base) {
        sr.awaitComplete(List.of(vdi));
        return gate.use(repository -> repository.contents().export(vdi, format, base));
    }

    @Override
    public VdiUpload upload(StreamFormat format, ReadableByteChannel source, long lengthBytes) {
        return gate.look(repository -> repository.contents().upload(format, source, lengthBytes));
    }

    @Override
    public Optional<KeptUpload> kept(VdiId vdi, String caller) {
        return gate.look(repository -> repository.contents().kept(vdi, caller));
    }

    @Override
    public VdiUpload rest(KeptUpload kept, ReadableByteChannel rest) {
        return gate.look(repository -> repository.contents().rest(kept, rest));
    }

    @Override
    public VdiImport goOn(KeptUpload kept, VdiSpec spec, ContentOrigin origin) {
        return gate.use(repository -> repository.contents().goOn(kept, spec, origin));
    }

    @Override
    public void drop(KeptUpload kept) {
        gate.use(repository -> {
            repository.contents().drop(kept);
            return kept;
        });
    }
}
