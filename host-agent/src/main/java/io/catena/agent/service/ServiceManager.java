package io.catena.agent.service;

import io.catena.agent.linux.UnixSocket;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What started the agent and wants to hear of it. Where nothing does, all methods do nothing. Source: {@code sd_notify(3)}.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class ServiceManager {
    private static final Logger LOG = Logger.getLogger(ServiceManager.class.getName());
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final long NANOS_PER_MICRO = 1_000;

    private final @Nullable String address;
    private final @Nullable Duration watchdog;

    private ServiceManager(@Nullable String address, @Nullable Duration watchdog) {
        this.address = address;
        this.watchdog = watchdog;
    }

    /** Returns the one that an environment tells of. */
    public static ServiceManager of(Map<String, String> environment, long pid) {
        String address = environment.get("NOTIFY_SOCKET");
        boolean usable = address != null && (address.startsWith("/") || address.startsWith("@"));
        return usable ? new ServiceManager(address, watchdog(environment, pid)) : new ServiceManager(null, null);
    }

    /** {@code WATCHDOG_PID} says whom the time is for: a child may have inherited the variables. */
    private static @Nullable Duration watchdog(Map<String, String> environment, long pid) {
        String micros = environment.getOrDefault("WATCHDOG_USEC", "");
        String whom = environment.getOrDefault("WATCHDOG_PID", Long.toString(pid));
        if (!micros.matches("[1-9][0-9]{0,15}") || !whom.equals(Long.toString(pid))) {
            return null;
        }
        return Duration.ofNanos(Long.parseLong(micros) * NANOS_PER_MICRO);
    }

    /** Within which time it expects a sign of life, again and again; empty if it expects none. */
    public Optional<Duration> watchdog() {
        return Optional.ofNullable(watchdog);
    }

    /** The agent serves. */
    public void ready(String status) {
        tell("READY=1\nSTATUS=" + status);
    }

    /** The agent reads its configuration again; {@link #ready} says that it has. */
    public void reloading() {
        tell("RELOADING=1");
    }

    /** The agent begins to end. */
    public void stopping() {
        tell("STOPPING=1\nSTATUS=closing disks");
    }

    /** A sign of life. */
    public void alive() {
        tell("WATCHDOG=1");
    }

    /** A manager that cannot be told changes nothing for the disks. */
    private void tell(String state) {
        if (address == null) {
            return;
        }
        try (UnixSocket socket = UnixSocket.datagrams(address, PATIENCE)) {
            socket.write(ByteBuffer.wrap(state.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            LOG.warning(LogLine.of("service-manager-not-told", "state", state, "cause", e));
        }
    }
}
