package io.catena.agent.smapiv1;

import io.catena.agent.smapiv1.xenapi.Hosts;
import io.catena.agent.smapiv1.xenapi.VdiTable;
import io.catena.agent.smapiv1.xenapi.XenApiException;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The keys in a disk's {@code sm_config} by which the hosts of a pool tell each other, and XenServer's tools, who has it active and
 * who must wait. What really excludes two writers is the disk's own lock; without these keys the tools would not know.
 */
final class HostKeys {
    private static final Logger LOG = Logger.getLogger(HostKeys.class.getName());
    private static final String HOST = "host_";
    private static final String ACTIVATING = "activating";
    private static final String PAUSED = "paused";
    private static final String RELINKING = "relinking";
    private static final long POLL_MILLIS = 250;

    private final VdiTable vdis;
    private final Hosts hosts;
    private final String sr;
    private final String ownHost;
    private final String own;
    private final Duration patience;

    /**
     * @param sr XAPI's reference of the SR
     * @param host XAPI's reference of this host
     * @param patience how long others may keep a disk from being activated
     */
    HostKeys(VdiTable vdis, Hosts hosts, String sr, String host, Duration patience) {
        this.vdis = vdis;
        this.hosts = hosts;
        this.sr = sr;
        ownHost = host;
        own = Activation.keyOf(host);
        this.patience = patience;
    }

    /**
     * Says that this host has a disk and is about to open it; {@link #settled} is to follow.
     *
     * <ol>
     *   <li>Another host that excludes this one is asked whether it really has the disk; if not, its key goes.
     *   <li>While somebody has the disk paused or relinks it, wait.
     *   <li>Add {@code activating}. One that stays there is this host's, which has the disk already, or
     *       belongs to a host that died, and is taken over after a while.
     *   <li>Add this host's key, and look again: if somebody has paused it meanwhile, take both back and wait.
     * </ol>
     */
    void take(String ref, VdiId vdi, AccessMode mode) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            Map<String, String> config = vdis.smConfig(ref);
            clearOthers(ref, vdi, mode, config);
            boolean late = System.nanoTime() > deadline;
            if (isHeldUp(config)) {
                refuseIf(late, vdi, config);
            } else if (vdis.addSmConfig(ref, ACTIVATING, "True") || late || config.containsKey(own)) {
                vdis.putSmConfigIfOther(ref, own, value(mode), config.get(own));
                if (!isHeldUp(vdis.smConfig(ref))) {
                    return;
                }
                vdis.removeSmConfig(ref, own);
                vdis.removeSmConfig(ref, ACTIVATING);
                refuseIf(late, vdi, config);
            }
            pause();
        }
    }

    private static boolean isHeldUp(Map<String, String> config) {
        return config.containsKey(PAUSED) || config.containsKey(RELINKING);
    }

    private static void refuseIf(boolean late, VdiId vdi, Map<String, String> config) {
        if (late) {
            String how = config.containsKey(PAUSED) ? PAUSED : RELINKING;
            throw SmFault.of(
                    SmError.VDI_UNAVAILABLE,
                    "VDI " + vdi + " locked: its sm_config says " + how + ". If nobody is at it, remove that key.");
        }
    }

    private void clearOthers(String ref, VdiId vdi, AccessMode mode, Map<String, String> config) {
        config.forEach((key, value) -> {
            boolean excludes = mode == AccessMode.READ_WRITE || value.equals(value(AccessMode.READ_WRITE));
            if (key.startsWith(HOST) && !key.equals(own) && excludes) {
                String host = key.substring(HOST.length());
                if (hosts.hasOpen(host, sr, vdi.toString())) {
                    throw SmFault.of(
                            SmError.VDI_UNAVAILABLE, "VDI " + vdi + " not detached cleanly: host " + host + " has it");
                }
                vdis.removeSmConfig(ref, key);
            }
        });
    }

    private static String value(AccessMode mode) {
        return mode == AccessMode.READ_WRITE ? "RW" : "RO";
    }

    private void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw SmFault.of(SmError.VDI_UNAVAILABLE, "the agent ends", e);
        }
    }

    /** The disk is open, or will not be. */
    void settled(String ref) {
        try {
            vdis.removeSmConfig(ref, ACTIVATING);
        } catch (XenApiException e) {
            LOG.log(Level.WARNING, LogLine.of("smapiv1-key-stays", "key", ACTIVATING, "host", ownHost), e);
        }
    }

    /** The disk was not opened. */
    void giveBack(String ref, Exception reason) {
        try {
            vdis.removeSmConfig(ref, own);
        } catch (XenApiException e) {
            reason.addSuppressed(e);
        }
    }

    /** The disk is closed. */
    void drop(String ref) {
        if (vdis.smConfig(ref).containsKey(own)) {
            vdis.removeSmConfig(ref, own);
        }
    }
}
