package io.catena.agent.mirror;

import io.catena.agent.nbd.client.NbdPlace;
import io.catena.agent.nbd.client.RemoteDisk;
import java.io.IOException;
import java.time.Duration;

/** A copy that somebody else has made, and serves over NBD. It is his to begin and to end. */
record NbdTarget(String uri, NbdPlace place, Duration patience) implements Target {
    @Override
    public boolean prepare(long sizeBytes) {
        return false;
    }

    @Override
    public Link connect() throws IOException {
        RemoteDisk copy = RemoteDisk.connect(place, patience);
        return new Link(copy, copy);
    }

    @Override
    public void complete() {}

    @Override
    public void giveUp() {}

    @Override
    public String text() {
        return uri;
    }
}
