package io.catena.agent.follow.content;

import io.catena.api.ContentOrigin;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.log.LogLine;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Disks that are being filled by hosts that follow. One of which nothing was heard for long is given up, and nothing of it is
 * left.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class PeerImports {
    private static final Logger LOG = Logger.getLogger(PeerImports.class.getName());
    private static final long PATIENCE_NANOS = Duration.ofMinutes(3).toNanos();
    private static final int MOST = 16;

    private final LongSupplier nanos;
    private final Map<UUID, Open> open = new ConcurrentHashMap<>();

    /**
     * @param nanos a clock that only goes on
     */
    public PeerImports(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** One of them, whose methods are for one thread at a time. */
    private static final class Open {
        private final String follower;
        private final VdiImport target;
        private volatile long usedNanos;

        Open(String follower, VdiImport target, long usedNanos) {
            this.follower = follower;
            this.target = target;
            this.usedNanos = usedNanos;
        }
    }

    /** Begins one; returns what it is called. */
    public UUID begin(String follower, StorageRepository repository, VdiSpec spec, ContentOrigin origin) {
        endIdle();
        if (open.size() >= MOST) {
            throw new SrException(SrError.TRY_AGAIN, MOST + " disks are being filled by other hosts already")
                    .correction("Try again when one of these has ended.");
        }
        VdiImport target = repository.importVdi(spec, origin);
        UUID id = UUID.randomUUID();
        open.put(id, new Open(follower, target, nanos.getAsLong()));
        return id;
    }

    private void endIdle() {
        long now = nanos.getAsLong();
        open.forEach((id, one) -> {
            if (now - one.usedNanos > PATIENCE_NANOS) {
                giveUp(id, one);
            }
        });
    }

    private void giveUp(UUID id, Open one) {
        try {
            end(one.follower, id);
        } catch (SrException e) {
            LOG.log(Level.WARNING, LogLine.of("import-not-ended", "follower", one.follower), e);
        }
    }

    /** Writes whole sectors; the same may be written twice. */
    public void write(String follower, UUID id, long offset, byte[] bytes) {
        use(follower, id, target -> target.write(offset, ByteBuffer.wrap(bytes)));
    }

    /** Makes whole sectors zero. */
    public void zero(String follower, UUID id, long offset, long lengthBytes) {
        use(follower, id, target -> target.zero(offset, lengthBytes));
    }

    private void use(String follower, UUID id, Consumer<VdiImport> work) {
        Open one = find(follower, id);
        synchronized (one) {
            one.usedNanos = nanos.getAsLong();
            work.accept(one.target);
            one.usedNanos = nanos.getAsLong();
        }
    }

    private Open find(String follower, UUID id) {
        Open one = open.get(id);
        if (one == null || !one.follower.equals(follower)) {
            throw new SrException(
                            SrError.TRY_AGAIN, "This disk is not being filled any more on the host that has the SR")
                    .correction("Begin anew.");
        }
        return one;
    }

    /** Makes the disk appear, and ends the import. */
    public Vdi commit(String follower, UUID id) {
        Open one = find(follower, id);
        synchronized (one) {
            Vdi made = one.target.commit();
            end(follower, id);
            return made;
        }
    }

    /** Gives one up that was not committed; does nothing if there is none. */
    public void end(String follower, UUID id) {
        Open one = open.get(id);
        if (one != null && one.follower.equals(follower) && open.remove(id, one)) {
            synchronized (one) {
                one.target.close();
            }
        }
    }

    /** Gives all up. */
    public void endAll() {
        open.forEach(this::giveUp);
    }
}
