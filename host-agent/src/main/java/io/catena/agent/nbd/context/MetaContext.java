package io.catena.agent.nbd.context;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Tells one thing about the ranges of a disk. For use by one thread. */
public interface MetaContext {
    /** As the client has asked for it. */
    String name();

    /** Tells what holds from {@code offset} on: for one byte at least, and for {@code lengthBytes} at most. */
    Status status(long offset, long lengthBytes) throws IOException;

    /**
     * Tells what holds for neighbouring ranges from {@code offset} on, of which two that follow each other differ: for one range at
     * least, not necessarily for {@code lengthBytes}.
     *
     * @param most how often it is asked at most
     */
    default List<Status> runs(long offset, long lengthBytes, int most) throws IOException {
        List<Status> runs = new ArrayList<>();
        long end = offset + lengthBytes;
        long at = offset;
        for (int asked = 0; at < end && asked < most; asked++) {
            Status next = status(at, end - at);
            at += next.lengthBytes();
            int last = runs.size() - 1;
            if (last >= 0 && runs.get(last).flags() == next.flags()) {
                next = new Status(runs.remove(last).lengthBytes() + next.lengthBytes(), next.flags());
            }
            runs.add(next);
        }
        return runs;
    }

    /**
     * What holds for a range.
     *
     * @param flags what they mean is the context's own
     */
    record Status(long lengthBytes, int flags) {}
}
