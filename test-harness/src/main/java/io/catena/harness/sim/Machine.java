package io.catena.harness.sim;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A host whose storages share a power switch, one process, and the count of calls at which faults happen. The package's
 * description says what faults do.
 *
 * <p>An explorer makes a machine per run, plans a fault at call 1, 2, 3 and so on, and ends with the first run in which the
 * fault is still {@link #planned} afterwards. All chance comes from the seed, so a run of one thread repeats exactly.
 *
 * <p><b>Threads.</b> Safe for use by many threads. The machine is the lock of all its storages.
 */
public final class Machine {
    private static final int HISTORY_LINES = 100;
    private static final long EPOCH_SECONDS = 1_800_000_000;

    private final Random random;
    private final Map<String, SimulatedStorage> storages = new TreeMap<>();
    private final Deque<String> history = new ArrayDeque<>();
    private final Map<Integer, IOException> failuresByCall = new HashMap<>();
    private State state = State.RUNNING;
    private int calls;
    private int cutAtCall;
    private int killAtCall;

    /** How often the process has started; what an earlier one opened is stale. */
    private int incarnation;

    public Machine(long seed) {
        // mixed, because the first numbers of a Random are much the same for all small seeds
        this.random = new Random(new SplittableRandom(seed).nextLong());
    }

    /** Returns the disk of this name, which is mounted at "/name"; a new one is empty. */
    public synchronized SimulatedStorage disk(String name) {
        return storages.computeIfAbsent(name, n -> new SimulatedStorage(this, n, false));
    }

    /** Returns the file system of this name that lives in memory, mounted at "/name"; a power cut empties it. */
    public synchronized SimulatedStorage tmpfs(String name) {
        return storages.computeIfAbsent(name, n -> new SimulatedStorage(this, n, true));
    }

    /** Plans a power cut in the {@code n}-th call from now; 1 is the next. */
    public synchronized void cutPowerAtCall(int n) {
        cutAtCall = calls + n;
    }

    /** Plans the death of the process in the {@code n}-th call from now; 1 is the next. */
    public synchronized void killAtCall(int n) {
        killAtCall = calls + n;
    }

    /** Plans that the {@code n}-th call from now fails, once; 1 is the next. Several calls can be made to fail. */
    public synchronized void failCall(int n, IOException failure) {
        failuresByCall.put(calls + n, failure);
    }

    /** Whether a fault is planned that has not happened yet. */
    public synchronized boolean planned() {
        return cutAtCall > calls
                || killAtCall > calls
                || failuresByCall.keySet().stream().anyMatch(call -> call > calls);
    }

    /** Cuts the power now, between two calls. */
    public synchronized void cutPower() {
        if (state != State.WITHOUT_POWER) {
            state = State.WITHOUT_POWER;
            remember("power cut");
            storages.values().forEach(storage -> storage.losePower(random));
        }
    }

    /** Turns the power on, starts the process and forgets what was planned. What was opened before stays unusable. */
    public synchronized void restorePower() {
        startProcess();
    }

    /** Kills the process now, between two calls. */
    public synchronized void kill() {
        if (state == State.RUNNING) {
            state = State.KILLED;
            remember("process killed");
            storages.values().forEach(SimulatedStorage::loseProcess);
        }
    }

    /**
     * Starts the process again and forgets what was planned. What was opened before stays unusable.
     *
     * @throws IllegalStateException if there is no power
     */
    public synchronized void restart() {
        if (state == State.WITHOUT_POWER) {
            throw new IllegalStateException("restart without power; call restorePower()");
        }
        startProcess();
    }

    private void startProcess() {
        if (state != State.RUNNING) {
            state = State.RUNNING;
            incarnation++;
            remember("process started");
        }
        cutAtCall = 0;
        killAtCall = 0;
        failuresByCall.clear();
    }

    /** Returns how many calls there were; one that a fault hit counts too. */
    public synchronized int calls() {
        return calls;
    }

    /** Returns the last calls and faults in order, one line each. */
    public synchronized List<String> history() {
        return List.copyOf(history);
    }

    /** Carries out a call, unless a fault is planned for it. */
    void call(String description, Change change) throws IOException {
        checkRunning();
        calls++;
        remember("call " + calls + ": " + description);
        if (calls == cutAtCall) {
            change.scattered(random);
            cutPower();
            throw new PowerLossException();
        }
        if (calls == killAtCall) {
            change.upToSomewhere(random);
            kill();
            throw new ProcessKilledException();
        }
        IOException failure = failuresByCall.remove(calls);
        if (failure != null) {
            remember("failed: " + failure.getMessage());
            change.upToSomewhere(random);
            throw failure;
        }
        change.whole();
    }

    void checkRunning() throws IOException {
        switch (state) {
            case RUNNING -> {}
            case WITHOUT_POWER -> throw new PowerLossException();
            case KILLED -> throw new ProcessKilledException();
        }
    }

    int incarnation() {
        return incarnation;
    }

    /** Returns the time, which passes by a second a call. */
    long nowEpochSeconds() {
        return EPOCH_SECONDS + calls;
    }

    /** Returns the file of an absolute path on any of the storages, or null. */
    @Nullable
    CachedFile find(String absolutePath) {
        return storages.values().stream()
                .filter(storage -> absolutePath.startsWith(storage.root().path() + "/"))
                .findAny()
                .map(storage -> storage.find(storage.root().nameOf(absolutePath)))
                .orElse(null);
    }

    private void remember(String line) {
        if (history.size() == HISTORY_LINES) {
            history.removeFirst();
        }
        history.addLast(line);
    }

    private enum State {
        RUNNING,
        WITHOUT_POWER,
        KILLED
    }
}
