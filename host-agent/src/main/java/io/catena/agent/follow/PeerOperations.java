package io.catena.agent.follow;

import io.catena.agent.follow.content.PeerImports;
import io.catena.api.AccessMode;
import io.catena.api.ContentOrigin;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiChange;
import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.util.Map;
import java.util.UUID;

/** What a host that has an SR does for others, by name. Safe for use by many threads. */
final class PeerOperations {
    private static final String VDI = "vdi";
    private static final String NAME = "name";
    private static final String HOLDER = "holder";
    private static final String MODE = "mode";

    /** By which a disk was active that a follower gives up. */
    static final String TICKET = "ticket";

    /** Of the agent that asks, new whenever it begins to follow. */
    static final String SESSION = "session";

    private static final Map<String, Operation> ALL = Map.ofEntries(
            Map.entry("stat", (on, with) -> on.repository.stat()),
            Map.entry("scan", (on, with) -> on.repository.scan()),
            Map.entry("check", (on, with) -> on.repository.check(with.get("repair", Boolean.class))),
            Map.entry("keep", (on, with) -> done(() -> on.repository.keep(with.get("file", String.class)))),
            Map.entry("acceptLoss", (on, with) -> done(on.repository::acceptLoss)),
            Map.entry("quotas", (on, with) -> on.repository.quotas()),
            Map.entry(
                    "admit",
                    (on, with) -> done(
                            () -> on.repository.admit(with.get("size", Long.class), with.get("owner", String.class)))),
            Map.entry(
                    "admitDemand", (on, with) -> done(() -> on.repository.admit(with.get("demand", VdiDemand.class)))),
            Map.entry("setSr", (on, with) -> on.repository.set(with.get("change", SrChange.class))),
            Map.entry("vdis", (on, with) -> on.repository.vdis()),
            Map.entry("vdi", (on, with) -> on.repository.vdi(vdi(with))),
            Map.entry("nodes", (on, with) -> on.repository.nodes()),
            // What hosts ask for whose version knows no "nodes".
            Map.entry("tree", (on, with) -> on.repository.tree()),
            Map.entry("create", (on, with) -> on.repository.create(with.get("spec", VdiSpec.class))),
            Map.entry(
                    "snapshot",
                    (on, with) -> on.repository.snapshot(with.list("vdis", VdiId.class), with.get(NAME, String.class))),
            Map.entry("snapshotAs", (on, with) -> on.repository.snapshot(with.list("specs", SnapshotSpec.class))),
            Map.entry(
                    "clone",
                    (on, with) ->
                            on.repository.clone(vdi(with), with.get(NAME, String.class), with.get("size", Long.class))),
            Map.entry("set", (on, with) -> on.repository.set(vdi(with), with.get("change", VdiChange.class))),
            Map.entry("resize", (on, with) -> on.repository.resize(vdi(with), with.get("size", Long.class))),
            Map.entry("revert", (on, with) -> on.repository.revert(vdi(with), with.get("snapshot", VdiId.class))),
            Map.entry("compose", (on, with) -> on.repository.compose(with.get("parent", VdiId.class), vdi(with))),
            Map.entry("reset", (on, with) -> on.repository.reset(vdi(with))),
            Map.entry("beginBoot", (on, with) -> on.repository.beginBoot(vdi(with))),
            Map.entry("copy", PeerOperations::copy),
            Map.entry("destroyData", (on, with) -> done(() -> on.repository.destroyData(vdi(with)))),
            Map.entry("destroy", (on, with) -> done(() -> on.repository.destroy(vdi(with)))),
            Map.entry(
                    "changes",
                    (on, with) -> on.repository.contents().changes(vdi(with), with.optional("base", VdiId.class))),
            Map.entry("attach", (on, with) -> on.repository.attach(vdi(with), on.holder(with), mode(with))),
            Map.entry("activate", PeerOperations::activate),
            Map.entry("deactivate", (on, with) -> done(() -> deactivate(on, with))),
            Map.entry("detach", (on, with) -> done(() -> on.repository.detach(vdi(with), on.holder(with)))),
            Map.entry("runGc", (on, with) -> on.garbage().run(with.list("deleted", String.class))),
            Map.entry("gcStatus", (on, with) -> on.garbage().status()),
            Map.entry("pauseGc", (on, with) -> on.garbage().pause()),
            Map.entry("resumeGc", (on, with) -> on.garbage().resume()),
            Map.entry("cancelGc", (on, with) -> on.garbage().cancel()),
            Map.entry("gain", (on, with) -> on.garbage().gain(vdi(with))),
            Map.entry("jointGain", (on, with) -> on.garbage().gain(with.list("vdis", VdiId.class))),
            Map.entry("setGc", (on, with) -> on.garbage().set(with.get("change", GcChange.class))),
            Map.entry(
                    "importBegin",
                    (on, with) -> on.imports.begin(
                            on.follower,
                            on.repository,
                            with.get("spec", VdiSpec.class),
                            with.get("origin", ContentOrigin.class))),
            Map.entry(
                    "importWrite",
                    (on, with) -> done(() -> on.imports.write(
                            on.follower, importOf(with), with.get("offset", Long.class), with.bytes("bytes")))),
            Map.entry(
                    "importZero",
                    (on, with) -> done(() -> on.imports.zero(
                            on.follower,
                            importOf(with),
                            with.get("offset", Long.class),
                            with.get("length", Long.class)))),
            Map.entry("importCommit", (on, with) -> on.imports.commit(on.follower, importOf(with))),
            Map.entry("importEnd", (on, with) -> done(() -> on.imports.end(on.follower, importOf(with)))),
            Map.entry("job", (on, with) -> on.job(with)),
            Map.entry("cancelJob", (on, with) -> on.host.cancel(on.job(with).id())));

    private PeerOperations() {}

    /**
     * On what an operation is done, and for whom.
     *
     * @param follower what the host is called among the hosts that asks
     * @param imports disks that are being filled by followers
     * @param followers what all followers have
     */
    record Target(
            StorageHost host, StorageRepository repository, String follower, PeerImports imports, Followers followers) {
        String holder(Arguments with) {
            return Hold.ofFollower(follower, with.get(HOLDER, String.class));
        }

        GarbageControl garbage() {
            return repository.garbage();
        }

        /** Jobs of other SRs are none of the follower's business. */
        Job job(Arguments with) {
            Job job = host.job(with.get("job", Long.class));
            if (!job.sr().equals(repository.stat().sr().id())) {
                throw new SrException(SrError.BAD_REQUEST, "There is no job " + job.id() + " of this SR");
            }
            return job;
        }
    }

    /** An operation. */
    @FunctionalInterface
    private interface Operation {
        Object perform(Target on, Arguments with);
    }

    static Object perform(String operation, Target on, Arguments with) {
        Operation known = ALL.get(operation);
        if (known == null) {
            throw new SrException(SrError.UNIMPLEMENTED, "This host knows no operation \"" + operation + "\"")
                    .correction("Update Catena on the hosts to the same version.");
        }
        return known.perform(on, with);
    }

    private static VdiId vdi(Arguments with) {
        return with.get(VDI, VdiId.class);
    }

    private static AccessMode mode(Arguments with) {
        return with.get(MODE, AccessMode.class);
    }

    private static UUID importOf(Arguments with) {
        return with.get("import", UUID.class);
    }

    private static Object activate(Target on, Arguments with) {
        Object export = on.repository.activate(vdi(with), on.holder(with), mode(with));
        on.followers.told(vdi(with), on.holder(with), session(with));
        return export;
    }

    /** Hosts of older versions do not tell by which ticket; a ticket that is good no more was given up before. */
    private static void deactivate(Target on, Arguments with) {
        String ticket = with.optional(TICKET, String.class);
        if (ticket != null && !on.followers.isGood(vdi(with), ticket)) {
            return;
        }
        if (ticket != null) {
            on.followers.givesUp(vdi(with), ticket, session(with));
        }
        on.repository.deactivate(vdi(with), on.holder(with));
    }

    private static String session(Arguments with) {
        String session = with.optional(SESSION, String.class);
        return session == null ? "" : session;
    }

    private static Object copy(Target on, Arguments with) {
        return on.repository.copy(
                vdi(with), on.repository, with.get(NAME, String.class), with.optional("copy", VdiId.class));
    }

    private static Object done(Runnable work) {
        work.run();
        return true;
    }
}
