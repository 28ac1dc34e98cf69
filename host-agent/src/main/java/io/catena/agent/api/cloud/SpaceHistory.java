package io.catena.agent.api.cloud;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.state.DurableFile;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrInventory;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * How full SRs were, every five minutes of the last thirty days, how their disks grew, and what that says of the days to come.
 * Kept in two files for each SR, written once an hour: what a kill loses of it is of no consequence.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class SpaceHistory {
    /** How often a sample is to be taken. */
    public static final Duration EVERY = Duration.ofMinutes(5);

    static final int MOST_SAMPLES = 30 * 24 * 12;

    private static final Logger LOG = Logger.getLogger(SpaceHistory.class.getName());
    private static final int SAMPLES_PER_SAVE = 12;
    private static final int MOST_GROWERS = 20;

    private final Path directory;
    private final StorageHost host;
    private final Clock clock;

    /** Oldest first. Guarded by this, as is the next. */
    private final Map<SrId, Deque<Sample>> samples = new HashMap<>();

    private final Map<SrId, DiskHistory> disks = new HashMap<>();

    private int taken;

    /**
     * How full an SR was.
     *
     * @param usedBytes of the whole file system
     * @param physicalBytes by the SR's own files
     */
    public record Sample(Instant time, long usedBytes, long physicalBytes, long virtualBytes) {}

    private record Kept(List<Sample> samples) {}

    /**
     * @param directory for the files; made if it is absent
     */
    public SpaceHistory(Path directory, StorageHost host, Clock clock) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.host = host;
        this.clock = clock;
    }

    /** Takes a sample of each SR; an SR that cannot answer is left out. */
    public void sample() {
        boolean save = taken++ % SAMPLES_PER_SAVE == SAMPLES_PER_SAVE - 1;
        for (Sr sr : host.srs()) {
            if (sr.attached()) {
                try {
                    SrInventory inventory = host.repository(sr.id());
                    add(sr.id(), inventory.stat(), ChainSizes.of(inventory.nodes()), save);
                } catch (SrException e) {
                    LOG.log(Level.FINE, "an SR that cannot answer", e);
                }
            }
        }
    }

    /** Returns what is known of an SR, and of it now. */
    Space of(SrId sr, SrInventory inventory) {
        SrStat now = inventory.stat();
        List<Sample> known = new ArrayList<>(copy(sr));
        known.add(sample(now));
        return Space.of(sr, known, now.capacityBytes(), growing(sr, inventory));
    }

    private List<Space.Grower> growing(SrId sr, SrInventory inventory) {
        Map<VdiId, Long> sizes = ChainSizes.of(inventory.nodes());
        List<Space.Grower> growing = new ArrayList<>();
        for (Vdi vdi : inventory.vdis()) {
            Long bytes = sizes.get(vdi.vdi());
            Double perDay = vdi.readOnly() || bytes == null ? null : Growth.perDay(of(sr, vdi.vdi(), bytes));
            if (perDay != null && bytes != null && Math.round(perDay) > 0) {
                growing.add(new Space.Grower(vdi.vdi(), vdi.name(), bytes, Math.round(perDay)));
            }
        }
        growing.sort(Comparator.comparing(Space.Grower::bytesPerDay).reversed());
        return List.copyOf(growing.subList(0, Math.min(MOST_GROWERS, growing.size())));
    }

    /** Returns what the chain of a disk took, oldest first, and takes now. */
    List<Growth.Point> of(SrId sr, VdiId vdi, long nowBytes) {
        List<Growth.Point> points = new ArrayList<>(pointsOf(sr, vdi));
        points.add(new Growth.Point(clock.instant(), nowBytes));
        return points;
    }

    private synchronized List<Growth.Point> pointsOf(SrId sr, VdiId vdi) {
        return disks.computeIfAbsent(sr, this::loadDisks).of(vdi);
    }

    private synchronized void add(SrId sr, SrStat stat, SortedMap<VdiId, Long> sizes, boolean save) {
        DiskHistory ofDisks = disks.computeIfAbsent(sr, this::loadDisks);
        ofDisks.add(clock.instant(), sizes);
        Deque<Sample> all = samples.computeIfAbsent(sr, this::load);
        all.add(sample(stat));
        while (all.size() > MOST_SAMPLES) {
            all.remove();
        }
        if (save) {
            save(sr, file(sr), new Kept(List.copyOf(all)));
            save(sr, disksFile(sr), ofDisks.kept());
        }
    }

    private synchronized List<Sample> copy(SrId sr) {
        return List.copyOf(samples.computeIfAbsent(sr, this::load));
    }

    private Sample sample(SrStat stat) {
        return new Sample(
                clock.instant(), stat.capacityBytes() - stat.freeBytes(), stat.physicalBytes(), stat.virtualBytes());
    }

    private Deque<Sample> load(SrId sr) {
        try {
            Optional<String> text = file(sr).read();
            return new ArrayDeque<>(
                    text.map(json -> Json.read(json, Kept.class).samples()).orElse(List.of()));
        } catch (IOException | JsonParseException e) {
            LOG.log(Level.WARNING, LogLine.of("space-history-lost", "sr", sr), e);
            return new ArrayDeque<>();
        }
    }

    private DiskHistory loadDisks(SrId sr) {
        try {
            Optional<String> text = disksFile(sr).read();
            return text.map(json -> DiskHistory.of(Json.read(json, DiskHistory.Kept.class)))
                    .orElseGet(DiskHistory::new);
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("space-history-lost", "sr", sr), e);
            return new DiskHistory();
        }
    }

    private static void save(SrId sr, DurableFile file, Object kept) {
        try {
            file.write(Json.write(kept) + "\n");
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("space-history-not-kept", "sr", sr), e);
        }
    }

    private DurableFile disksFile(SrId sr) {
        return new DurableFile(directory.resolve(sr + "-disks.json"));
    }

    private DurableFile file(SrId sr) {
        return new DurableFile(directory.resolve(sr + ".json"));
    }
}
