package io.catena.agent.mount;

import io.catena.agent.mount.KnownMounts.Known;
import io.catena.agent.state.Ticker;
import io.catena.api.LocationProbe;
import io.catena.api.PeerHost;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrLocation;
import io.catena.api.SrProbe;
import io.catena.api.SrUse;
import io.catena.api.StorageHost;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Mounts what SRs lie on before another host, which knows only directories, attaches them, and unmounts it after that has let go of
 * them. What is to be mounted outlives the agent; its mounts do, too, so that it can be started again.
 *
 * <p><b>Order of an attach.</b>
 *
 * <ol>
 *   <li>Mount, and make sure that it is mounted.
 *   <li>Remember it, durably. A crash before leaves a mount that the next attach finds.
 *   <li>Attach. A failure unmounts, unless another SR uses the mount.
 * </ol>
 *
 * <p><b>Threads.</b> Safe for use by many threads. SRs that are mounted wait for each other under {@link #changes}, no longer than the
 * limits of what they call; all else goes on.
 */
public final class MountingHost extends ForwardingHost implements Closeable {
    private static final Logger LOG = Logger.getLogger(MountingHost.class.getName());
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final Duration LOOKS = Duration.ofSeconds(5);
    private static final int MOST_STUCK_CALLS = 16;

    private final Map<String, SrType> types = new HashMap<>();
    private final Mounts mounts;
    private final Patience patience;
    private final KnownMounts known;
    private final MountWatch watch;
    private final Ticker ticker = new Ticker("mounts");
    private final ReentrantLock changes = new ReentrantLock(true);

    /**
     * @param host which knows only directories
     * @param base where mounts are made; absolute and without links
     * @param stateFile where it is kept what is mounted
     */
    public MountingHost(StorageHost host, Path base, Path stateFile) throws IOException {
        this(host, base, stateFile, Programs.real());
    }

    MountingHost(StorageHost host, Path base, Path stateFile, Programs programs) throws IOException {
        super(host);
        patience = new Patience(MOST_STUCK_CALLS, ANSWER);
        mounts = new Mounts(base, programs, patience);
        known = new KnownMounts(stateFile);
        watch = new MountWatch(mounts);
        for (SrType type : List.of(new NfsType(programs), DeviceType.ext(programs), DeviceType.xfs(programs))) {
            types.put(type.name(), type);
        }
    }

    /**
     * Mounts what was mounted when the last agent ended, attaches, and goes on to try what cannot be reached now.
     *
     * @param attach attaches all SRs whose directories it is told can be reached
     */
    public void restore(Consumer<Predicate<Path>> attach) {
        wanted().forEach(this::mountAgain);
        attach.accept(directory -> !watch.away().contains(directory));
        unmountLeftovers();
        ticker.every(LOOKS, this::look);
    }

    private void mountAgain(Path directory, Wanted wanted) {
        try {
            mounts.mount(wanted);
        } catch (IOException e) {
            watch.failed(directory, wanted, e);
        }
    }

    /** A crash after a mount was remembered may have left it, with no SR that is to be attached. */
    private void unmountLeftovers() {
        for (Path directory : wanted().keySet()) {
            if (host.srs().stream().noneMatch(sr -> sr.path().equals(directory.toString()))) {
                release(directory);
            }
        }
    }

    private void look() {
        watch.look(wanted());
        if (!changes.tryLock()) {
            return;
        }
        try {
            host.srs().stream().filter(MountingHost::isMissed).forEach(this::attachAgain);
        } finally {
            changes.unlock();
        }
    }

    /** Whether it is to be attached, and could not be. */
    private static boolean isMissed(Sr sr) {
        return !sr.attached() && sr.problem() != null;
    }

    private void attachAgain(Sr sr) {
        Path directory = Path.of(sr.path());
        Wanted wanted = wanted().get(directory);
        if (wanted == null) {
            return;
        }
        try {
            mounts.mount(wanted);
            watch.answered(directory, wanted);
            host.attach(sr.id());
            LOG.info(LogLine.of("sr-restored", "sr", sr.id(), "source", wanted.source()));
        } catch (IOException e) {
            watch.failed(directory, wanted, e);
        } catch (SrException e) {
            LOG.log(Level.FINE, "an SR that cannot be attached yet", e);
        }
    }

    @Override
    public Sr create(String name, SrLocation location, boolean format, @Nullable SrId id) {
        if (location.type().equals(SrLocation.FILE)) {
            return create(name, location.directory(), id);
        }
        SrType type = type(location);
        Wanted wanted = type.wanted(location);
        return change(wanted, () -> {
            prepare(type, wanted, format);
            return mounted(location, wanted, directory -> host.create(name, directory, id));
        });
    }

    private static void prepare(SrType type, Wanted wanted, boolean format) {
        try {
            type.prepare(wanted, format);
        } catch (IOException e) {
            throw unreachable(SrError.SR_CREATE, wanted, e);
        }
    }

    @Override
    public Sr attach(SrLocation location, boolean adopt) {
        if (location.type().equals(SrLocation.FILE)) {
            return attach(location.directory(), adopt);
        }
        Wanted wanted = type(location).wanted(location);
        return change(wanted, () -> mounted(location, wanted, directory -> host.attach(directory, adopt)));
    }

    /** What is done with a directory that is mounted. */
    private interface Use<T> {
        T of(Path directory);
    }

    private <T> T mounted(SrLocation location, Wanted wanted, Use<T> use) {
        Path directory = wanted.in(mounts.point(wanted));
        boolean done = false;
        try {
            mounts.mount(wanted);
            watch.answered(directory, wanted);
            known.put(directory, location, true);
            T result = use.of(directory);
            done = true;
            return result;
        } catch (IOException e) {
            throw unreachable(SrError.SR_UNAVAILABLE, wanted, e);
        } finally {
            if (!done) {
                release(directory);
                forgetUnlessSr(directory);
            }
        }
    }

    private static SrException unreachable(SrError error, Wanted wanted, IOException e) {
        return new SrException(error, wanted.source() + " cannot be reached: " + e.getMessage(), e)
                .correction("Check the server, network or device, and that this host may use it.");
    }

    @Override
    public Sr attach(SrId id) {
        return host.srs().stream()
                .filter(sr -> sr.id().equals(id))
                .map(sr -> within(Path.of(sr.path()), () -> host.attach(id)))
                .findFirst()
                .orElseGet(() -> host.attach(id));
    }

    @Override
    public Sr attach(Path directory, boolean adopt) {
        return within(directory, () -> host.attach(directory, adopt));
    }

    @Override
    public void share(Path directory, String how) {
        within(directory, () -> {
            host.share(directory, how);
            return directory;
        });
    }

    @Override
    public List<PeerHost> peers(Path directory) {
        return within(directory, () -> host.peers(directory));
    }

    @Override
    public void fenced(Path directory, String peer) {
        within(directory, () -> {
            host.fenced(directory, peer);
            return directory;
        });
    }

    /** Does something with an SR's directory, with what it lies on mounted; if no SR is attached there then, it is unmounted. */
    private <T> T within(Path given, Supplier<T> work) {
        Path directory = given.toAbsolutePath().normalize();
        Known found = known.find(directory).orElse(null);
        if (found == null) {
            return work.get();
        }
        SrLocation location = found.location();
        Wanted wanted = type(location).wanted(location);
        return change(wanted, () -> {
            T result = mounted(location, wanted, same -> work.get());
            release(directory);
            return result;
        });
    }

    @Override
    public SrUse detach(SrId id, boolean force) {
        Path directory = directoryOf(id);
        SrUse use = host.detach(id, force);
        releaseInTurn(directory);
        return use;
    }

    @Override
    public void destroy(SrId id) {
        Path directory = directoryOf(id);
        host.destroy(id);
        releaseInTurn(directory);
        forgetUnlessSr(directory);
    }

    @Override
    public void forget(SrId id) {
        Path directory = directoryOf(id);
        host.forget(id);
        releaseInTurn(directory);
        forgetUnlessSr(directory);
    }

    private @Nullable Path directoryOf(SrId id) {
        return host.srs().stream()
                .filter(sr -> sr.id().equals(id))
                .map(sr -> Path.of(sr.path()))
                .findFirst()
                .orElse(null);
    }

    private void releaseInTurn(@Nullable Path directory) {
        Known found = directory == null ? null : known.find(directory).orElse(null);
        if (directory != null && found != null) {
            change(type(found.location()).wanted(found.location()), () -> {
                release(directory);
                return directory;
            });
        }
    }

    /** Unmounts what no SR uses. A mount that cannot be undone, since it is busy or its server is away, is used by the next attach. */
    private void release(Path directory) {
        Known found = known.find(directory).orElse(null);
        if (found == null) {
            return;
        }
        Wanted wanted = type(found.location()).wanted(found.location());
        Path point = mounts.point(wanted);
        try {
            if (usedBy(directory)) {
                return;
            }
            known.put(directory, found.location(), false);
            if (known.all().stream().noneMatch(other -> other.mounted() && isOn(other, point))) {
                mounts.unmount(wanted);
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("mount-stays", "point", point, "source", wanted.source()), e);
        }
    }

    private static boolean isOn(Known known, Path point) {
        return Path.of(known.directory()).startsWith(point);
    }

    private boolean usedBy(Path directory) {
        return host.srs().stream()
                .filter(sr -> sr.path().equals(directory.toString()))
                .anyMatch(sr -> sr.attached() || isMissed(sr));
    }

    private void forgetUnlessSr(@Nullable Path directory) {
        try {
            if (directory != null
                    && host.srs().stream().noneMatch(sr -> sr.path().equals(directory.toString()))) {
                known.remove(directory);
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("mount-not-forgotten", "path", directory), e);
        }
    }

    /** Looks through a mount that is made for that, unless it is there; at one directory alone, if the place names it. */
    @Override
    public LocationProbe probe(SrLocation location) {
        if (location.type().equals(SrLocation.FILE)) {
            return super.probe(location);
        }
        SrType type = type(location);
        try {
            List<String> exports = type.exports(location);
            if (!exports.isEmpty()) {
                return new LocationProbe(location, exports, List.of());
            }
        } catch (IOException e) {
            throw new SrException(SrError.SR_UNAVAILABLE, "The server cannot be asked: " + e.getMessage(), e);
        }
        Wanted wanted = type.wanted(location);
        return change(wanted, () -> {
            List<SrProbe> found = mounted(location, wanted, directory -> looked(location, wanted));
            release(wanted.in(mounts.point(wanted)));
            forgetUnlessSr(wanted.in(mounts.point(wanted)));
            return new LocationProbe(location, List.of(), found);
        });
    }

    private List<SrProbe> looked(SrLocation location, Wanted wanted) {
        Path point = mounts.point(wanted);
        boolean one = location.config().containsKey(Wanted.DIRECTORY);
        try {
            return patience.call(
                    point.toString(),
                    () -> one ? List.of(host.probe(wanted.in(point))) : new Surroundings(host).of(point));
        } catch (IOException e) {
            throw new SrException(SrError.SR_UNAVAILABLE, "It cannot be told what is there: " + e.getMessage(), e);
        }
    }

    /** An SR whose server does not answer says so. */
    @Override
    public List<Sr> srs() {
        return host.srs().stream().map(this::withProblem).toList();
    }

    private Sr withProblem(Sr sr) {
        return watch.problem(Path.of(sr.path()))
                .map(problem -> new Sr(
                        sr.id(), sr.name(), sr.path(), sr.attached(), "what it lies on cannot be reached: " + problem))
                .orElse(sr);
    }

    private SrType type(SrLocation location) {
        SrType type = types.get(location.type());
        if (type == null) {
            throw new SrException(SrError.BAD_REQUEST, "There is no type of SR \"" + location.type() + "\"")
                    .correction("There are: ext, file, nfs, xfs.");
        }
        return type;
    }

    /** Returns what is to be mounted, by the SR's directory; what this agent cannot mount keeps no other from being mounted. */
    private Map<Path, Wanted> wanted() {
        Map<Path, Wanted> wanted = new HashMap<>();
        for (Known one : known.all()) {
            if (one.mounted()) {
                try {
                    wanted.put(Path.of(one.directory()), type(one.location()).wanted(one.location()));
                } catch (SrException e) {
                    LOG.fine(() -> LogLine.of("mount-unknown", "path", one.directory(), "cause", e.getMessage()));
                }
            }
        }
        return wanted;
    }

    private <T> T change(Wanted wanted, Supplier<T> change) {
        try {
            if (!changes.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new SrException(
                                SrError.TRY_AGAIN,
                                "Another SR is being mounted; " + wanted.source() + " was not begun with")
                        .correction("Try again when that has ended.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SrException(SrError.TRY_AGAIN, "The agent ends", e);
        }
        try {
            return change.get();
        } finally {
            changes.unlock();
        }
    }

    /** Mounts stay, for the next agent. */
    @Override
    public void close() {
        ticker.close();
    }
}
