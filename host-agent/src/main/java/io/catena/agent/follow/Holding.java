package io.catena.agent.follow;

import io.catena.agent.cluster.SharedSr;
import io.catena.agent.host.AttachedSr;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** An SR that this host has, with what it does for those that follow. Safe for use by many threads. */
record Holding(AttachedSr sr, SharedSr right, Followers followers, Turns turns) {
    static Holding of(AttachedSr sr, SharedSr right) {
        return new Holding(sr, right, Followers.read(sr.repository().notes()), new Turns());
    }

    /** Makes sure that it is this host's, so that what was found is true and what was done is done. */
    void check() {
        try {
            right.check();
        } catch (IOException e) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "It is not certain that this host still has SR " + sr.name() + ": " + e.getMessage(),
                            e)
                    .correction("Ask again in some seconds.");
        }
    }

    /** Keeps what followers have, see {@link AttachedSr#holdsChanged}. */
    void holdsChanged() {
        followers.become(() -> sr.repository().holds());
        Set<String> tickets = followers.all().stream()
                .map(Held::ticket)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
        turns.retain(tickets);
    }

    List<Held> ofFollower(String follower) {
        String prefix = Hold.ofFollower(follower, "");
        return followers.all().stream()
                .filter(held -> held.holder().startsWith(prefix))
                .toList();
    }
}
