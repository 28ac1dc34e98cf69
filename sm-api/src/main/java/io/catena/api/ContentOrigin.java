package io.catena.api;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a stream says of the content that a new disk gets of it.
 *
 * @param content the id that whoever made the stream gave to the content; null if there is none
 * @param parent the id of the content that it builds on; null if the stream holds all of it
 * @param base the disk that holds the parent's content; null to look for it
 * @param forced whether the base is taken though it is not known to hold that
 */
public record ContentOrigin(
        @Nullable UUID content,
        @Nullable UUID parent,
        @Nullable VdiId base,
        boolean forced) {
    /** Nothing is said. */
    public static final ContentOrigin UNKNOWN = new ContentOrigin(null, null, null, false);

    /** A whole content, or what changed since another. */
    public static ContentOrigin of(UUID content, @Nullable UUID parent) {
        return new ContentOrigin(content, parent, null, false);
    }

    /** Returns this upon a base that somebody chose. */
    public ContentOrigin upon(@Nullable VdiId chosen, boolean force) {
        return new ContentOrigin(content, parent, chosen, force);
    }
}
