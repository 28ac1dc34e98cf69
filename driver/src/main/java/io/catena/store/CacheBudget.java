package io.catena.store;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What all open disks of a process may keep in memory of their maps and bitmaps, and its SRs of their files: one budget, of which one part is for what a
 * disk cannot do without, and one for what can be read again.
 *
 * <p>What can be read again is given up where a disk has more than its share, when the part is used up; a few busy disks may
 * have nearly all of it. What a disk cannot do without is asked for when it is opened, and refused if that would
 * not fit: who is served already is not harmed.
 *
 * <p>Caches are known weakly: one that nobody has any more need not say so.
 *
 * <p><b>Threads.</b> Safe for use by many threads. One of its own takes from the caches of others, because it may have to wait
 * for them; it ends when it has been idle.
 */
public final class CacheBudget {
    /** Eighths of the heap; the rest is for requests, and for all else. */
    private static final int FIXED_EIGHTHS = 3;

    private static final int CACHED_EIGHTHS = 2;

    /** How often something grows before all is added up. */
    private static final int GROWTHS_PER_SUM = 256;

    /** For so many caches one more may be admitted before all is added up again: what they have grown is seen then. */
    private static final int CACHES_PER_ADMISSION = 16;

    /** Of those that are fixed: so many may be known of names of files. */
    private static final int NAMES_EIGHTHS = 2;

    private static final CacheBudget NAMES =
            new CacheBudget(Runtime.getRuntime().maxMemory() / 8 * NAMES_EIGHTHS, 0, Runnable::run);

    private static final CacheBudget PROCESS = ofHeap(Runtime.getRuntime().maxMemory());

    private final long fixedLimitBytes;
    private final long cachedLimitBytes;
    private final Executor trimmer;
    private final Set<WeakReference<Cache>> caches = ConcurrentHashMap.newKeySet();
    private final AtomicInteger growths = new AtomicInteger();
    private final AtomicBoolean trimming = new AtomicBoolean();

    /** As it was when all was added up last. */
    private volatile boolean usedUp;

    /** What was found when all that disks cannot do without was added up last, and what was admitted since. */
    private long fixedEstimateBytes;

    /** How many may be admitted before it is added up again, which takes as long as there are many. */
    private int admissionsLeft;

    /**
     * @param fixedLimitBytes for what disks cannot do without
     * @param cachedLimitBytes for what they could read again
     * @param trimmer runs what may wait for a cache
     */
    public CacheBudget(long fixedLimitBytes, long cachedLimitBytes, Executor trimmer) {
        this.fixedLimitBytes = fixedLimitBytes;
        this.cachedLimitBytes = cachedLimitBytes;
        this.trimmer = trimmer;
    }

    private static CacheBudget ofHeap(long bytes) {
        return new CacheBudget(bytes / 8 * FIXED_EIGHTHS, bytes / 8 * CACHED_EIGHTHS, trimmer());
    }

    /** Returns the budget of this process, a part of its heap. */
    public static CacheBudget process() {
        return PROCESS;
    }

    /** Returns the part of the budget of this process that what is known of names of files may have. */
    public static CacheBudget ofNames() {
        return NAMES;
    }

    private static Executor trimmer() {
        ThreadPoolExecutor one =
                new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(2), task -> {
                    Thread thread = new Thread(task, "cache-trimmer");
                    thread.setDaemon(true);
                    return thread;
                });
        one.allowCoreThreadTimeOut(true);
        return one;
    }

    /** Keeps something in memory. Its sizes may be asked for by any thread, and without its locks. */
    public interface Cache {
        /** What it needs as long as it is there, in bytes. */
        long fixedBytes();

        /** What it could read again, in bytes. */
        long cachedBytes();

        /** Gives up what it has used least recently, until it has no more than {@code bytes} that it could read again. */
        void trim(long bytes);
    }

    /**
     * Takes a new cache in.
     *
     * @param name of the file, for the message
     * @throws MemoryShortageException if what it needs does not fit
     */
    public void admit(Cache cache, String name) throws MemoryShortageException {
        reserve(cache.fixedBytes(), name);
        add(cache);
    }

    /**
     * Lets a cache that was taken in need more than before.
     *
     * @param moreBytes what comes to its {@link Cache#fixedBytes} when this has returned
     * @param name of what needs it, for the message
     * @throws MemoryShortageException if that does not fit
     */
    public synchronized void reserve(long moreBytes, String name) throws MemoryShortageException {
        if (--admissionsLeft < 0 || fixedEstimateBytes + moreBytes > fixedLimitBytes) {
            addUpFixed();
        }
        if (fixedEstimateBytes + moreBytes > fixedLimitBytes) {
            // What nobody has any more counts until the heap was looked through.
            System.gc();
            addUpFixed();
        }
        if (fixedEstimateBytes + moreBytes > fixedLimitBytes) {
            throw new MemoryShortageException(name + " needs " + moreBytes + " bytes of memory; the " + caches.size()
                    + " files and SRs that are open use " + fixedEstimateBytes + " of " + fixedLimitBytes
                    + " bytes");
        }
        fixedEstimateBytes += moreBytes;
    }

    /**
     * As {@link #reserve}, if nobody is to take so much that there is nothing left for whoever comes next: each may have half of what
     * the others leave.
     *
     * @param hasBytes what the cache has of it already
     */
    public synchronized void reserveFairly(long hasBytes, long moreBytes, String name) throws MemoryShortageException {
        if (!isFair(hasBytes, moreBytes)) {
            addUpFixed();
        }
        if (!isFair(hasBytes, moreBytes)) {
            System.gc();
            addUpFixed();
        }
        if (!isFair(hasBytes, moreBytes)) {
            throw new MemoryShortageException(name + " needs " + (hasBytes + moreBytes) + " bytes of memory; of "
                    + fixedLimitBytes + " others have " + (fixedEstimateBytes - hasBytes)
                    + ", and of the rest one may have no more than half");
        }
        reserve(moreBytes, name);
    }

    private boolean isFair(long hasBytes, long moreBytes) {
        long left = fixedLimitBytes - (fixedEstimateBytes - hasBytes);
        return hasBytes + moreBytes <= left / 2;
    }

    private void addUpFixed() {
        fixedEstimateBytes = fixedBytes();
        admissionsLeft = caches.size() / CACHES_PER_ADMISSION;
    }

    /** Takes a new cache in that cannot be refused, because it belongs to one that was admitted. */
    public void add(Cache cache) {
        caches.add(new WeakReference<>(cache));
    }

    /** A cache has read something more. */
    public void grown() {
        if (growths.incrementAndGet() % GROWTHS_PER_SUM != 0) {
            return;
        }
        usedUp = cachedBytes() > cachedLimitBytes;
        if (usedUp && trimming.compareAndSet(false, true)) {
            trimmer.execute(() -> {
                try {
                    trimAll();
                } finally {
                    trimming.set(false);
                }
            });
        }
    }

    /** Whether there was no more room for what could be read again, when this was looked at last. */
    public boolean isUsedUp() {
        return usedUp;
    }

    /** Who has more than a fair share is left with half of that, so that this is not due again at once. */
    private void trimAll() {
        List<Cache> all = all();
        long share = shareBytes();
        for (Cache cache : all) {
            if (cache.cachedBytes() > share) {
                cache.trim(share / 2);
            }
        }
    }

    /** Returns what the caches could read again, in bytes. */
    public long cachedBytes() {
        return all().stream().mapToLong(Cache::cachedBytes).sum();
    }

    /** Returns what the open disks cannot do without, in bytes. */
    public long fixedBytes() {
        return all().stream().mapToLong(Cache::fixedBytes).sum();
    }

    /** Returns what each cache may have if all have the same, in bytes. */
    public long shareBytes() {
        return cachedLimitBytes / Math.max(1, caches.size());
    }

    private List<Cache> all() {
        caches.removeIf(reference -> reference.get() == null);
        List<Cache> all = new ArrayList<>();
        for (WeakReference<Cache> reference : caches) {
            Cache cache = reference.get();
            if (cache != null) {
                all.add(cache);
            }
        }
        return all;
    }
}
