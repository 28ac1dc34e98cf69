package io.catena.sr.tree;

import java.io.IOException;
import java.util.Collection;

/** How files of a chain are opened without the tree lock: of {@link SrTree#open}, or of a change that concerns the disk. */
public interface Opening extends Aside {
    /**
     * Tells which files are about to be opened.
     *
     * @throws IOException if one of them is being changed, and nobody knew that it is in the chain
     */
    void opens(Collection<String> files) throws IOException;
}
