package io.catena.check.undo;

import io.catena.check.VhdRepair;
import java.nio.ByteBuffer;

/**
 * Bytes of a file that a repair replaces.
 *
 * @param step when it is written; the order of steps is {@link VhdRepair#apply}'s
 * @param offset where they stand
 * @param before what stands there; shorter than {@code after} if the file ends before
 * @param after what will stand there; empty if the file is cut off
 * @param why what is wrong with the old ones
 */
public record Change(Step step, long offset, ByteBuffer before, ByteBuffer after, String why) {
    /** The steps of a repair, in their order. */
    public enum Step {
        /** All but footers. */
        METADATA(0),
        /** The footer that cannot be used; if both can, the one at the end. */
        FIRST_FOOTER(1),
        /** The other footer. */
        SECOND_FOOTER(2);

        private final int code;

        Step(int code) {
            this.code = code;
        }

        /** Returns what stands for it in an undo file. */
        int code() {
            return code;
        }
    }

    public Change {
        before = before.asReadOnlyBuffer();
        after = after.asReadOnlyBuffer();
    }

    /** Number of bytes concerned. */
    public int length() {
        return Math.max(before.remaining(), after.remaining());
    }

    @Override
    public ByteBuffer before() {
        return before.duplicate();
    }

    @Override
    public ByteBuffer after() {
        return after.duplicate();
    }
}
