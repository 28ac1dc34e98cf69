package io.catena.sr.tree;

import io.catena.op.Operation;
import io.catena.store.Storage;
import java.io.IOException;

/** What an operation does to the disks that are being used meanwhile: see {@link SrTree#commit}. Called under the tree lock. */
public interface LiveSteps {
    /** Of an operation that no disk in use hears of. */
    LiveSteps NONE = new LiveSteps() {
        @Override
        public void cut(Aside aside) {}

        @Override
        public void settle(Aside aside) {}
    };

    /**
     * Lets the disks go on as they will be when the operation has happened. From here on it must not be taken back.
     *
     * @param aside for what may take long, if only since a disk hangs
     * @throws IOException if nothing has happened, and the operation is to be forgotten
     */
    void cut(Aside aside) throws IOException;

    /**
     * Makes durable what the operation's own steps need. If this, or a step, fails, this is called again before the steps are
     * tried again.
     *
     * @param aside for what takes long
     */
    void settle(Aside aside) throws IOException;

    /**
     * Takes the operation's own steps. Who has a file open that is written meanwhile changes it himself: see {@link
     * io.catena.vhd.SparseLayer#changeFooter}. May be called again after it failed.
     *
     * @param aside for what takes long
     */
    default void apply(Operation operation, Storage storage, Aside aside) throws IOException {
        aside.run(() -> operation.apply(storage));
    }

    /**
     * Lets the disks go on as they were before {@link #cut}, since none of the operation's own steps could be taken.
     *
     * @param aside as for {@link #cut}
     * @return whether they do; if not the operation is bound to happen
     */
    default boolean goBack(Aside aside) {
        return false;
    }

    /**
     * Lets go of what the disks do not need any more, after the operation's own steps were taken.
     *
     * @param aside for what takes long
     */
    default void goOn(Aside aside) {}
}
