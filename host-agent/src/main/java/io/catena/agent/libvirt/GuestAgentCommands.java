package io.catena.agent.libvirt;

import com.google.gson.JsonParseException;
import io.catena.agent.guest.GuestAgentException;
import io.catena.agent.guest.GuestAgentException.Kind;
import io.catena.agent.json.Json;
import java.time.Duration;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;

/**
 * The commands for qemu's guest agent, which libvirt-java has no methods for. libvirt asks the agent for a sign of life
 * first: a command is not sent to one that hangs.
 *
 * <p>Source: <a href="https://www.qemu.org/docs/master/interop/qemu-ga-ref.html">QEMU Guest Agent Protocol Reference</a>.
 */
final class GuestAgentCommands {
    private GuestAgentCommands() {}

    /** Returns how many file systems were frozen. */
    static int freeze(Domain domain, Duration deadline) throws GuestAgentException {
        return number(domain, "guest-fsfreeze-freeze", deadline);
    }

    /** Returns how many file systems were frozen until now. */
    static int thaw(Domain domain, Duration deadline) throws GuestAgentException {
        return number(domain, "guest-fsfreeze-thaw", deadline);
    }

    private static int number(Domain domain, String command, Duration deadline) throws GuestAgentException {
        try {
            String answer = domain.qemuAgentCommand(
                    "{\"execute\":\"" + command + "\"}", Math.max(1, Math.toIntExact(deadline.toSeconds())), 0);
            return Json.object(answer).get("return").getAsInt();
        } catch (LibvirtException e) {
            throw failure(String.valueOf(e.getMessage()), e);
        } catch (JsonParseException | IllegalStateException | NullPointerException e) {
            throw new GuestAgentException(Kind.REFUSED, "the guest agent's answer cannot be read: " + e, e);
        }
    }

    /**
     * libvirt has one error number for an agent that is absent and one that hangs, and none for one that is frozen; so we
     * go by the texts, as its versions from 6.0 to 11 have them. What is unknown counts as silent: the guest is thawed.
     */
    private static GuestAgentException failure(String message, LibvirtException cause) {
        if (message.contains("agent is not connected") || message.contains("agent is not configured")) {
            return new GuestAgentException(Kind.ABSENT, "no guest agent runs in it (" + message + ")", cause);
        }
        if (message.contains("frozen state") || message.contains("has been disabled")) {
            return new GuestAgentException(Kind.HELD, "somebody else froze it (" + message + ")", cause);
        }
        if (message.contains("unable to execute QEMU agent command")) {
            return new GuestAgentException(Kind.REFUSED, message, cause);
        }
        return new GuestAgentException(Kind.SILENT, "its guest agent does not answer (" + message + ")", cause);
    }
}
