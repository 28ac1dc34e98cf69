package io.catena.agent.smapi;

import io.catena.agent.control.JobWaiter;
import io.catena.agent.remedy.XapiWords;
import io.catena.api.Sr;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Uuids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The methods {@code SR.*}. An SR is a directory: its configuration has one key of ours, {@value #PATH}. */
final class SrCalls {
    static final String PATH = "path";

    private static final Duration GC_DEADLINE = Duration.ofMinutes(10);
    private static final String UUID = "uuid";
    private static final String SR_UUID = "sr_uuid";

    private final StorageHost host;
    private final JobWaiter waiter;
    private final Places places;

    SrCalls(StorageHost host, JobWaiter waiter) {
        this.host = host;
        this.waiter = waiter;
        places = new Places(host);
    }

    /** One result: what the directory holds, or that none was given. The caller's own rules say which fields go together. */
    Object probe(Arguments call) {
        Map<String, String> configuration = call.strings("configuration");
        if (!configuration.containsKey(PATH)) {
            return List.of(incomplete(configuration, Map.of("missing", PATH)));
        }
        SrProbe probe = host.probe(path(configuration));
        return List.of(
                switch (probe.kind()) {
                    case ABSENT, EMPTY -> new Answers.ProbeResult(configuration, true, null, Map.of());
                    case SR, ADOPTABLE -> existing(configuration, probe);
                    case OTHER -> incomplete(configuration, Map.of("problem", "The directory holds other files"));
                });
    }

    private Answers.ProbeResult existing(Map<String, String> configuration, SrProbe probe) {
        SrId id = probe.sr();
        Optional<SrProbe.ForeignWork> obstacle = probe.foreignWork().stream()
                .filter(SrProbe.ForeignWork::refused)
                .findFirst();
        if (obstacle.isPresent()) {
            SrProbe.ForeignWork work = obstacle.get();
            String problem = work.file() + ": " + work.found() + ". " + XapiWords.of(work.action());
            return incomplete(configuration, Map.of("problem", problem));
        }
        if (id == null) {
            String problem = "The directory holds disks, but no id: let its name be the UUID of the SR";
            return incomplete(configuration, Map.of("problem", problem));
        }
        Map<String, String> found = new TreeMap<>(configuration);
        found.put(SR_UUID, id.toString());
        Answers.SrState state = places.find(id)
                .map(repository -> Answers.healthy(repository.stat()))
                .orElseGet(() -> notAttached(id, probe));
        return new Answers.ProbeResult(found, true, state, Map.of());
    }

    private static Answers.SrState notAttached(SrId id, SrProbe probe) {
        try {
            FileStore store = Files.getFileStore(Path.of(probe.path()));
            return new Answers.SrState(
                    id.toString(),
                    probe.name(),
                    id.toString(),
                    "",
                    store.getUsableSpace(),
                    store.getTotalSpace(),
                    List.of(),
                    false,
                    List.of("Healthy", ""));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Answers.ProbeResult incomplete(Map<String, String> configuration, Map<String, String> info) {
        return new Answers.ProbeResult(configuration, false, null, info);
    }

    /**
     * Makes an SR and lets go of it, for XAPI attaches it with a call of its own. Returns the configuration for that, which
     * names the SR, so that another one that comes to lie at the path is not taken for it.
     */
    Object create(Arguments call) {
        String uuid = call.string(UUID);
        SrId id = SrId.parse(uuid);
        Map<String, String> configuration = call.strings("configuration");
        Path path = path(configuration);
        String name = call.string("name");
        String description = call.string("description");
        host.create(name.isBlank() ? uuid : name, path, id);
        if (!description.isEmpty()) {
            host.set(id, new SrChange(null, description, null, null));
        }
        host.detach(id);
        Map<String, String> stored = new TreeMap<>(configuration);
        stored.put(UUID, uuid);
        return stored;
    }

    Object attach(Arguments call) {
        Map<String, String> configuration = call.strings("configuration");
        Path path = path(configuration);
        SrProbe probe = host.probe(path);
        if (probe.kind() != SrProbe.Kind.SR && probe.kind() != SrProbe.Kind.ADOPTABLE) {
            throw Refusal.noSr(configuration.getOrDefault(PATH, ""));
        }
        String expected = configuration.get(UUID);
        SrId found = probe.sr();
        if (expected != null && found != null && !found.equals(SrId.parse(expected))) {
            throw new SrException(
                    SrError.SR_UNAVAILABLE, path + " holds SR " + found + ", the configuration says " + expected);
        }
        // To introduce an SR of a directory that holds no record is an act of its own, unlike the attach of one that is
        // known.
        boolean isKnown =
                expected != null && host.srs().stream().anyMatch(sr -> sr.id().equals(SrId.parse(expected)));
        return host.attach(path, probe.kind() == SrProbe.Kind.ADOPTABLE && !isKnown)
                .id()
                .toString();
    }

    /** An SR that is not attached is detached already. */
    Object detach(Arguments call) {
        String sr = call.string("sr");
        if (places.find(sr).isPresent()) {
            host.detach(SrId.parse(sr));
        }
        return Answers.NOTHING;
    }

    /** XAPI has destroyed the volumes, and knows nothing of what they leave: that goes first. */
    Object destroy(Arguments call) {
        SrId sr = places.attached(call.string("sr"));
        StorageRepository repository = host.repository(sr);
        if (repository.vdis().isEmpty() && repository.stat().nodes() > 0) {
            waiter.waitFor(repository.collectGarbage().id(), GC_DEADLINE);
        }
        host.destroy(sr);
        return Answers.NOTHING;
    }

    /** An SR that was attached and could not be again, say since its file system is away, is known but unreachable. */
    Object stat(Arguments call) {
        String sr = call.string("sr");
        Optional<StorageRepository> repository = places.find(sr);
        if (repository.isPresent()) {
            SrStat stat = repository.get().stat();
            return Answers.healthy(stat);
        }
        if (!Uuids.isUuid(sr)) {
            throw Refusal.srNotAttached(sr);
        }
        SrId id = SrId.parse(sr);
        return host.srs().stream()
                .filter(known -> known.id().equals(id) && known.problem() != null)
                .findFirst()
                .map(SrCalls::unreachable)
                .orElseThrow(() -> Refusal.srNotAttached(sr));
    }

    private static Answers.SrState unreachable(Sr sr) {
        String id = sr.id().toString();
        List<String> health = List.of("Unreachable", String.valueOf(sr.problem()));
        return new Answers.SrState(id, sr.name(), id, "", 0, 0, List.of(), false, health);
    }

    Object setName(Arguments call) {
        return set(call, new SrChange(call.string("new_name"), null, null, null));
    }

    Object setDescription(Arguments call) {
        return set(call, new SrChange(null, call.string("new_description"), null, null));
    }

    private Object set(Arguments call, SrChange change) {
        host.set(places.attached(call.string("sr")), change);
        return Answers.NOTHING;
    }

    Object ls(Arguments call) {
        return places.repository(call.string("sr")).vdis().stream()
                .map(Answers::volume)
                .toList();
    }

    private static Path path(Map<String, String> configuration) {
        String text = configuration.get(PATH);
        if (text == null) {
            throw new SrException(SrError.BAD_REQUEST, "The configuration lacks the key \"" + PATH + "\"")
                    .correction("Give the directory of the SR: device-config:path=DIR");
        }
        try {
            Path path = Path.of(text);
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException e) {
            throw new SrException(SrError.BAD_REQUEST, "The path cannot be the name of a directory", e);
        }
        throw new SrException(SrError.BAD_REQUEST, "The path \"" + Arguments.abbreviated(text) + "\" is not absolute");
    }
}
