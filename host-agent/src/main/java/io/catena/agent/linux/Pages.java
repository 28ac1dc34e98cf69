package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;

/** Memory as the kernel deals with it. Source: {@code madvise(2)}. */
public final class Pages {
    private static final int PAGE_BYTES = 4096;
    private static final int MADV_DONTNEED = 4;

    private Pages() {}

    /**
     * Gives the memory of a direct buffer back to the system, as far as it has whole pages. The buffer can be used as before, and
     * holds zeros there. Does nothing where the kernel does not want that.
     */
    public static void release(ByteBuffer direct) {
        Pointer start = Native.getDirectBufferPointer(direct);
        long address = Pointer.nativeValue(start);
        long from = (address + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        long lengthBytes = (address + direct.capacity()) / PAGE_BYTES * PAGE_BYTES - from;
        if (lengthBytes <= 0) {
            return;
        }
        try {
            Libc.madvise(new Pointer(from), lengthBytes, MADV_DONTNEED);
        } catch (LastErrorException e) {
            // Locked or huge pages, for instance: they stay, which only costs memory.
            assert e.getErrorCode() != 0;
        }
    }
}
