package io.catena.agent.smapi;

import io.catena.agent.cbt.XenChangedBlocks;
import io.catena.agent.control.JobWaiter;
import io.catena.api.ChainNode;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The methods {@code Volume.*}. */
final class VolumeCalls {
    private static final int COMPARE_BLOCK_BYTES = 2 << 20;
    private static final Duration COPY_DEADLINE = Duration.ofHours(12);

    /** Each keeps a thread of the control API until it has ended. */
    private static final int MAX_COPIES = 4;

    private final StorageHost host;
    private final Places places;
    private final JobWaiter waiter;
    private final Supplier<UUID> newIds;
    private final Semaphore copies = new Semaphore(MAX_COPIES);

    VolumeCalls(StorageHost host, JobWaiter waiter, Supplier<UUID> newIds) {
        this.host = host;
        places = new Places(host);
        this.waiter = waiter;
        this.newIds = newIds;
    }

    Object create(Arguments call) {
        StorageRepository repository = places.repository(call.string("sr"));
        VdiSpec spec = new VdiSpec(
                size(call), call.string("name"), call.string("description"), new VdiId(newIds.get()), false);
        if (call.flag("sharable")) {
            throw Refusal.unimplemented("A disk that several hosts write at a time");
        }
        return Answers.volume(repository.create(spec));
    }

    /** The size is the least: nothing at all makes the smallest disk, as with XenServer's own manager. */
    private static long size(Arguments call) {
        long bytes = call.int64("size");
        return bytes == 0 ? 1 : bytes;
    }

    Object snapshot(Arguments call) {
        return with(volume(call), volume -> {
            VdiId snapshot = new VdiId(newIds.get());
            Map<String, String> keys =
                    XenChangedBlocks.inherited(volume.repository().vdi(volume.vdi()));
            List<SnapshotResult> unused =
                    volume.repository().snapshot(List.of(new SnapshotSpec(volume.vdi(), snapshot, "", keys)));
            return Answers.volume(volume.repository().vdi(snapshot));
        });
    }

    Object clone(Arguments call) {
        return with(volume(call), volume -> Answers.volume(volume.repository().clone(volume.vdi(), "")));
    }

    /** Returns when the copy is complete; if it cannot be made like this, the caller copies block by block. */
    Object copy(Arguments call) {
        StorageRepository target = places.repository(call.string("dest_sr"));
        return with(volume(call), volume -> {
            if (!copies.tryAcquire()) {
                throw new SrException(SrError.TRY_AGAIN, MAX_COPIES + " copies are being made already");
            }
            try {
                return Answers.volume(copied(volume, target));
            } finally {
                copies.release();
            }
        });
    }

    private Vdi copied(Places.Volume source, StorageRepository target) {
        VdiId copy = new VdiId(newIds.get());
        Job started = source.repository().copy(source.vdi(), target, "", copy);
        Job job = waiter.waitFor(started.id(), COPY_DEADLINE);
        Job.Failure failure = job.failure();
        if (failure != null) {
            throw new SrException(failure.error(), failure.message());
        }
        if (job.state() != Job.State.DONE) {
            host.cancel(job.id());
            throw new SrException(SrError.CANCELLED, "The copy was cancelled, " + job.doneBytes() + " bytes on");
        }
        // The keys are the caller's notes about the source.
        Set<String> keys = target.vdi(copy).keys().keySet();
        return target.set(copy, new VdiChange(null, null, Map.of(), keys));
    }

    /** A volume that is not there is destroyed already: the caller may ask twice. */
    Object destroy(Arguments call) {
        StorageRepository repository = places.repository(call.string("sr"));
        String key = call.string("key");
        try {
            repository.destroy(Places.id(key));
        } catch (SrException e) {
            if (e.error() != SrError.VDI_MISSING) {
                throw e;
            }
        } catch (Refusal e) {
            return Answers.NOTHING;
        }
        return Answers.NOTHING;
    }

    Object revert(Arguments call) {
        Places.Volume snapshot = places.volume(call.string("sr"), call.string("snapshot"));
        with(snapshot, found -> found.repository().vdi(found.vdi()));
        return with(volume(call), volume -> {
            volume.repository().revert(volume.vdi(), snapshot.vdi());
            return Answers.NOTHING;
        });
    }

    Object setName(Arguments call) {
        return change(call, new VdiChange(call.string("new_name"), null, Map.of(), Set.of()));
    }

    Object setDescription(Arguments call) {
        return change(call, new VdiChange(null, call.string("new_description"), Map.of(), Set.of()));
    }

    Object set(Arguments call) {
        return change(call, new VdiChange(null, null, Map.of(call.string("k"), call.string("v")), Set.of()));
    }

    Object unset(Arguments call) {
        return change(call, new VdiChange(null, null, Map.of(), Set.of(call.string("k"))));
    }

    private Object change(Arguments call, VdiChange change) {
        return with(volume(call), volume -> {
            volume.repository().set(volume.vdi(), change);
            return Answers.NOTHING;
        });
    }

    Object resize(Arguments call) {
        long sizeBytes = call.int64("new_size");
        return with(volume(call), volume -> {
            volume.repository().resize(volume.vdi(), sizeBytes);
            return Answers.NOTHING;
        });
    }

    Object stat(Arguments call) {
        return with(volume(call), volume -> Answers.volume(volume.repository().vdi(volume.vdi())));
    }

    /** Nothing differs from itself; of two volumes everything may differ, for nobody compared their blocks. */
    Object compare(Arguments call) {
        Places.Volume other = places.volume(call.string("sr"), call.string("key2"));
        with(other, found -> found.repository().vdi(found.vdi()));
        return with(volume(call), volume -> {
            long sizeBytes = volume.repository().vdi(volume.vdi()).virtualSizeBytes();
            long blocks = (sizeBytes + COMPARE_BLOCK_BYTES - 1) / COMPARE_BLOCK_BYTES;
            List<List<Long>> ranges = volume.vdi().equals(other.vdi()) ? List.of() : List.of(List.of(0L, blocks));
            return new Answers.BlockList(COMPARE_BLOCK_BYTES, ranges);
        });
    }

    /** Returns the volumes that share an ancestor with this one. */
    Object similarContent(Arguments call) {
        return with(volume(call), volume -> {
            volume.repository().vdi(volume.vdi());
            return related(volume.repository().nodes(), volume.vdi());
        });
    }

    /** Returns the disks whose chains have the same root. */
    private static List<String> related(List<ChainNode> nodes, VdiId vdi) {
        Map<String, String> roots = new HashMap<>();
        for (ChainNode node : nodes) {
            String file = node.file();
            roots.put(file, node.parent() == null ? file : roots.getOrDefault(node.parent(), file));
        }
        Set<String> own = nodes.stream()
                .filter(node -> vdi.equals(node.id()))
                .map(node -> String.valueOf(roots.get(node.file())))
                .collect(Collectors.toSet());
        return nodes.stream()
                .filter(node -> own.contains(roots.get(node.file())))
                .filter(node -> !node.hidden() && node.id() != null && !vdi.equals(node.id()))
                .map(node -> String.valueOf(node.id()))
                .sorted()
                .toList();
    }

    /** The first key is the child, the second the parent, which is no volume any more afterwards. */
    Object compose(Arguments call) {
        Places.Volume parent = places.volume(call.string("sr"), call.string("key2"));
        return with(volume(call), child -> {
            child.repository().vdi(child.vdi());
            return with(parent, known -> {
                known.repository().compose(known.vdi(), child.vdi());
                return Answers.NOTHING;
            });
        });
    }

    private Places.Volume volume(Arguments call) {
        return places.volume(call.string("sr"), call.string("key"));
    }

    static Object with(Places.Volume volume, Function<Places.Volume, Object> operation) {
        try {
            return operation.apply(volume);
        } catch (SrException e) {
            if (e.error() == SrError.VDI_MISSING) {
                throw Refusal.noVolume(volume.key());
            }
            throw e;
        }
    }
}
