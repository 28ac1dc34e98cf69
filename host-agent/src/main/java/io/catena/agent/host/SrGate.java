package io.catena.agent.host;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/**
 * Lets operations at an attached SR, and keeps it from being closed under one.
 *
 * <p><b>Threads.</b> Operations share the gate and run in parallel; whoever closes the SR takes it alone, so waits for the
 * operations under way and holds back new ones. Looks take no lock at all. Nobody waits for a server that is away.
 */
final class SrGate {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final AttachedSr sr;
    private final RemoteCalls remote;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);

    /** One after the other. */
    private final ReentrantLock ends = new ReentrantLock(true);

    /** Set under {@link #gate}. */
    private volatile boolean leaving;

    /** Changed under {@link #gate}. */
    private volatile boolean closed;

    SrGate(AttachedSr sr) {
        this.sr = sr;
        remote = new RemoteCalls(sr.name(), sr::away);
    }

    /** What ends an SR. */
    interface Ending {
        void run(AttachedSr sr) throws IOException;
    }

    private interface Step {
        void run() throws IOException;
    }

    /** Waits for nobody, not even for who closes the SR. */
    <T> T look(Function<StorageRepository, T> look) {
        checkOpen();
        return look.apply(sr.repository());
    }

    private void checkOpen() {
        if (closed) {
            throw new SrException(SrError.SR_UNAVAILABLE, "SR " + sr.id() + " was detached meanwhile")
                    .correction("Attach it with: ", Remedy.of(Verb.SR_ATTACH, sr.id()));
        }
    }

    /** Does an operation, in parallel to others. */
    <T> T use(Function<StorageRepository, T> operation) {
        return sr.isRemote() ? remote.call(() -> useHere(operation)) : useHere(operation);
    }

    private <T> T useHere(Function<StorageRepository, T> operation) {
        Lock shared = hold(gate.readLock());
        try {
            checkOpen();
            if (leaving) {
                throw new SrException(SrError.TRY_AGAIN, "SR " + sr.id() + " is being detached")
                        .correction("Try again if it is attached still after that.");
            }
            return operation.apply(sr.repository());
        } finally {
            shared.unlock();
        }
    }

    /**
     * Ends the use of the SR, with no operation under way; none can begin afterwards.
     *
     * @param check alone at the SR
     * @param quiet waits for what goes on by itself, such as jobs. These come to the gate, too, so it is not held meanwhile:
     *     operations are refused
     * @param ending alone at the SR
     * @throws SrException if {@code check} or {@code quiet} throws it; the SR is open again then
     */
    void end(Ending check, Ending quiet, Ending ending) throws IOException {
        remote.refuseIfAway();
        Lock one = hold(ends);
        try {
            if (!closed) {
                leave(check, quiet, ending);
            }
        } finally {
            one.unlock();
        }
    }

    private void leave(Ending check, Ending quiet, Ending ending) throws IOException {
        alone(() -> {
            check.run(sr);
            leaving = true;
        });
        try {
            quiet.run(sr);
            alone(() -> {
                closed = true;
                ending.run(sr);
            });
        } finally {
            leaving = false;
        }
    }

    private void alone(Step step) throws IOException {
        Lock alone = hold(gate.writeLock());
        try {
            step.run();
        } finally {
            alone.unlock();
        }
    }

    /**
     * Takes a lock of an operation upon the SR, but does not wait for it for ever.
     *
     * @throws SrException {@link SrError#TRY_AGAIN} if another operation does not end
     */
    Lock hold(Lock lock) {
        try {
            if (lock.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return lock;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new SrException(SrError.TRY_AGAIN, "SR " + sr.id() + " is busy with another operation")
                .correction("Try again when it has ended.");
    }
}
