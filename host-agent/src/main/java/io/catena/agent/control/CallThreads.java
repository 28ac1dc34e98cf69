package io.catena.agent.control;

import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Threads that carry out calls, and are never interrupted: an interrupt would close the file that a call is reading or writing,
 * under the guests that use it. Jetty interrupts what is still busy when its server stops; a call that is under way then goes on,
 * and the closing of the SR that it works on waits for it.
 */
public final class CallThreads extends QueuedThreadPool {
    private static final int MIN_THREADS = 4;

    /**
     * @param name of the threads in a dump
     */
    public CallThreads(String name, int maxThreads) {
        super(maxThreads, MIN_THREADS);
        setName(name);
        // An agent that ends does not wait for a call that does not.
        setDaemon(true);
    }

    @Override
    public Thread newThread(Runnable job) {
        Thread thread = new Uninterruptible(job);
        thread.setDaemon(isDaemon());
        thread.setName(getName() + "-" + thread.getId());
        return thread;
    }

    private static final class Uninterruptible extends Thread {
        /** In the names that Jetty gives to threads that only wait for clients; an interrupt is what ends them. */
        private static final String ACCEPTOR = "-acceptor-";

        Uninterruptible(Runnable job) {
            super(job);
        }

        /** Does nothing to a call. */
        @Override
        public void interrupt() {
            if (getName().contains(ACCEPTOR)) {
                super.interrupt();
            }
        }
    }
}
