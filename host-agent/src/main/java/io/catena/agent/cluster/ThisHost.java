package io.catena.agent.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.lease.BootClock;
import io.catena.lease.HostRecord;
import io.catena.lease.Protocols;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;

/**
 * Who this host is for others. Its id is new with each start of the host, and belongs to one run directory, which one agent
 * has: so nobody else can go by it.
 *
 * @param id for others
 * @param name for humans
 * @param url where other agents reach this one; empty if they do not
 * @param protocols what it speaks with other agents
 */
record ThisHost(UUID id, String name, BootClock clock, String url, Protocols protocols) {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    /** A host of this version. */
    ThisHost(UUID id, String name, BootClock clock, String url) {
        this(id, name, clock, url, Protocols.OURS);
    }

    /**
     * Reads or makes the run directory's part of the id.
     *
     * @param file in the run directory
     */
    static ThisHost of(Path file, UUID bootId, BootClock clock, String url) throws IOException {
        String own;
        try {
            own = Files.readString(file).strip();
        } catch (NoSuchFileException e) {
            own = UUID.randomUUID().toString();
            Files.writeString(file, own);
        }
        return new ThisHost(UUID.nameUUIDFromBytes((own + bootId).getBytes(UTF_8)), hostName(), clock, url);
    }

    /** Not by a name service, which may keep one waiting. */
    private static String hostName() throws IOException {
        return Files.readString(HOST_NAME).strip();
    }

    /** Returns the record of a session that begins. */
    HostRecord newRecord() {
        return HostRecord.of(id, name, UUID.randomUUID())
                .at(url)
                .speaking(protocols)
                .since(Instant.now().toString());
    }
}
