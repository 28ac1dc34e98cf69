package io.catena.vhd;

import io.catena.format.CorruptVhdException;
import io.catena.format.DynamicHeader;
import io.catena.format.ParentLocator;
import io.catena.format.UnsupportedVhdException;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Finds the parent of a differencing disk: by its locators in order, as blktap does; else by the last part of their paths
 * and by the parent name, in the child's own directory, as chains made by Hyper-V and moved since need it. Only a file
 * with the unique id that the child names is its parent.
 */
public final class ParentFinder {
    private final Storage storage;
    private final Headers headers;

    public ParentFinder(Storage storage) {
        this(storage, name -> ChainFile.vhd(storage, name));
    }

    /**
     * @param headers reads files that may be parents, or has read them
     */
    public ParentFinder(Storage storage, Headers headers) {
        this.storage = storage;
        this.headers = headers;
    }

    /** Reads what a VHD says of itself. */
    @FunctionalInterface
    public interface Headers {
        /** As {@link ChainFile#vhd}. */
        ChainFile of(String name) throws IOException;
    }

    /**
     * Returns the parent of {@code child}; empty if it needs none.
     *
     * @throws MissingParentException if no file has the right name, or none of those has the right id
     */
    public Optional<ChainFile> parentOf(ChainFile child) throws IOException {
        VhdHeaders headers = child.headers();
        if (headers == null || !headers.isDifferencing()) {
            return Optional.empty();
        }
        UUID wanted = headers.sparseHeader().parentId();
        Set<String> candidates = candidates(child.name(), headers);
        StringBuilder found = new StringBuilder();
        for (String candidate : candidates) {
            if (!exists(candidate, found)) {
                continue;
            }
            try {
                if (headers.hasRawParent()) {
                    return Optional.of(ChainFile.raw(storage, candidate));
                }
                ChainFile parent = this.headers.of(candidate);
                UUID id = parent.uniqueId().orElse(DynamicHeader.NO_ID);
                if (id.equals(wanted)) {
                    return Optional.of(parent);
                }
                found.append("; ").append(candidate).append(" has id ").append(id);
            } catch (CorruptVhdException | UnsupportedVhdException | FileSystemException e) {
                found.append("; ").append(e.getMessage());
            }
        }
        throw new MissingParentException(child.name(), wanted, candidates, found.toString());
    }

    /** A name that cannot even be looked up (too long, through a file, not allowed) is a wrong one, not a failure. */
    private boolean exists(String candidate, StringBuilder found) throws IOException {
        try {
            return storage.exists(candidate);
        } catch (FileSystemException e) {
            found.append("; ").append(e.getMessage());
            return false;
        }
    }

    /** Returns the names that a child gives its parent, most trusted first. */
    private Set<String> candidates(String child, VhdHeaders headers) throws IOException {
        Set<String> paths = new LinkedHashSet<>();
        DynamicHeader header = headers.sparseHeader();
        try (BlockFile file = storage.openReadOnly(child)) {
            for (ParentLocator locator : header.locators()) {
                Optional<String> path = path(file, locator);
                path.ifPresent(paths::add);
                path.flatMap(locator::unescaped).ifPresent(paths::add);
            }
        }
        Set<String> names = new LinkedHashSet<>();
        for (String path : paths) {
            names.add(storage.resolve(child, path));
        }
        for (String path : paths) {
            names.add(storage.resolve(child, lastPart(path)));
        }
        if (!header.parentName().isEmpty()) {
            names.add(storage.resolve(child, lastPart(header.parentName().replace('\\', '/'))));
        }
        return names;
    }

    private static Optional<String> path(BlockFile file, ParentLocator locator) throws IOException {
        if (!locator.readable()) {
            return Optional.empty();
        }
        ByteBuffer payload = ByteBuffer.allocate(locator.dataLength());
        try {
            file.readFully(locator.dataOffset(), payload);
        } catch (EOFException e) {
            return Optional.empty();
        }
        return locator.decodePath(payload.flip());
    }

    private static String lastPart(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
