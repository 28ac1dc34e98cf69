package io.catena.agent.copy;

import io.catena.agent.json.Json;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.StreamFormat;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiStream;
import io.catena.sr.job.Jobs;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Copies disks to the agents of other hosts, as jobs: whole, or what changed since a base that the other host has.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class RemoteCopies {
    /** Half of what an agent takes as a request's head. */
    private static final int MOST_KEYS_CHARS = 8 << 10;

    /** What a VHD can hold; larger disks are sent raw. */
    private static final long MOST_VHD_BYTES = 2040L << 30;

    private final Jobs jobs;
    private final OtherAgents agents;

    public RemoteCopies(Jobs jobs, OtherAgents agents) {
        this.jobs = jobs;
        this.agents = agents;
    }

    /**
     * How a copy is made.
     *
     * @param base null to send all of the disk
     * @param name the copy's; empty for the disk's own
     * @param copy the copy's id
     * @param bytesPerSecond 0 for no limit
     */
    record Manner(@Nullable VdiId base, String name, VdiId copy, long bytesPerSecond) {}

    Job start(SrId sr, StorageRepository repository, VdiId id, Target target, Manner manner) {
        OtherAgent agent = agents.of(target);
        Vdi vdi = repository.vdi(id);
        StreamFormat format = vdi.virtualSizeBytes() > MOST_VHD_BYTES ? StreamFormat.RAW : StreamFormat.VHD;
        Sending.Place place = place(target.sr(), manner, vdi, format);
        // Whatever is wrong with the disk or its base is told at once, not by the job.
        close(repository.contents().export(id, format, manner.base()));
        return jobs.start("copy-to", sr, control -> {
            try (VdiStream stream = repository.contents().export(id, format, manner.base())) {
                new Sending(agent, place, name(place, vdi, stream), control, new Pace(manner.bytesPerSecond()))
                        .send(stream);
            }
            return "copied to VDI " + manner.copy() + " at " + agent.url()
                    + (vdi.keys().isEmpty() || !keys(vdi).isEmpty() ? "" : ", without its keys: they are too long");
        });
    }

    private static void close(VdiStream stream) {
        try {
            stream.close();
        } catch (IOException e) {
            throw new SrException(SrError.TRY_AGAIN, "The disk cannot be let go: " + e.getMessage(), e);
        }
    }

    /**
     * Returns what the other agent is to call the stream: what another job can go on with if the disk cannot have been written
     * meanwhile, or else only this one.
     */
    private static String name(Sending.Place place, Vdi vdi, VdiStream stream) {
        if (!vdi.readOnly()) {
            return newName();
        }
        UUID told = UUID.nameUUIDFromBytes(place.query().getBytes(StandardCharsets.UTF_8));
        return stream.identity()
                .map(identity -> vdi.vdi() + "-" + told + "-" + identity)
                .orElseGet(RemoteCopies::newName);
    }

    private static String newName() {
        return UUID.randomUUID().toString();
    }

    private static Sending.Place place(String sr, Manner manner, Vdi vdi, StreamFormat format) {
        String query = "?format=" + format.text() + "&name="
                + encoded(manner.name().isEmpty() ? vdi.name() : manner.name()) + "&description="
                + encoded(vdi.description()) + keys(vdi);
        return new Sending.Place(encoded(sr), manner.copy(), query);
    }

    /** Empty if there are none, or more than fit into a request's head. */
    private static String keys(Vdi vdi) {
        String keys = "&keys=" + encoded(Json.write(vdi.keys()));
        return vdi.keys().isEmpty() || keys.length() > MOST_KEYS_CHARS ? "" : keys;
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
