package io.catena.agent.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory at the start of a page, for the kernel to read and write. Pages that were never touched take no room. For one thread
 * at a time.
 */
public final class NativeBuffer implements Closeable {
    /** Bytes in a page. */
    public static final int PAGE_BYTES = 4096;

    private final Memory memory;
    private final Pointer start;
    private final ByteBuffer bytes;

    public NativeBuffer(int capacityBytes) {
        memory = new Memory((long) capacityBytes + PAGE_BYTES);
        long address = Pointer.nativeValue(memory);
        start = memory.share((PAGE_BYTES - address % PAGE_BYTES) % PAGE_BYTES, capacityBytes);
        bytes = start.getByteBuffer(0, capacityBytes);
    }

    /** Returns a view of a part, in the byte order of the machine. */
    public ByteBuffer slice(int offset, int lengthBytes) {
        return bytes.slice(offset, lengthBytes).order(ByteOrder.nativeOrder());
    }

    Pointer at(int offset) {
        return start.share(offset);
    }

    /** No view may be used afterwards. */
    @Override
    public void close() {
        memory.close();
    }
}
