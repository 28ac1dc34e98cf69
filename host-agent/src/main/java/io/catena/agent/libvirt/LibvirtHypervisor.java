package io.catena.agent.libvirt;

import io.catena.agent.guest.Guest;
import io.catena.agent.guest.GuestAgentException;
import io.catena.agent.guest.GuestDisk;
import io.catena.agent.guest.Hypervisor;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.libvirt.Domain;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;

/** The guests of a libvirt daemon, or of libvirt's driver within this process. */
public final class LibvirtHypervisor implements Hypervisor {
    /** Where libvirt's daemon for the whole host is reached. */
    public static final String DEFAULT_URI = "qemu:///system";

    private static final Logger LOG = Logger.getLogger(LibvirtHypervisor.class.getName());
    private static final int ONLY_RUNNING = 1;
    private static final int LIVE = 1;
    private static final String KEY = "catena";

    private final Path nbdSocket;
    private final LibvirtLink link;

    /**
     * Connects to nothing yet.
     *
     * @param expected whether somebody asked for it; else a host without libvirt is nothing to worry about
     * @param nbdSocket where this agent serves its disks
     */
    public LibvirtHypervisor(String uri, boolean expected, Path nbdSocket) {
        this(new LibvirtLink(uri, expected), nbdSocket);
    }

    LibvirtHypervisor(LibvirtLink link, Path nbdSocket) {
        this.link = link;
        this.nbdSocket = nbdSocket;
    }

    @Override
    public void start(Listener listener) {
        link.start(listener);
    }

    @Override
    public List<Guest> guests() {
        return link.ask("list guests", connect -> {
            Domain[] domains = connect.listAllDomains(ONLY_RUNNING);
            List<Guest> guests = new ArrayList<>();
            try {
                for (Domain domain : domains) {
                    addUnlessEnded(guests, connect, domain);
                }
            } finally {
                for (Domain domain : domains) {
                    free(domain);
                }
            }
            guests.sort(Comparator.comparing(Guest::name));
            return guests;
        });
    }

    /** A guest may have ended since it was listed. */
    private void addUnlessEnded(List<Guest> guests, EventfulConnect connect, Domain domain) throws LibvirtException {
        try {
            guests.add(describe(connect, domain));
        } catch (LibvirtException e) {
            if (!isMissing(e)) {
                throw e;
            }
        }
    }

    /** A failure to free one is no reason to give up an answer, or to keep others. */
    private static void free(Domain domain) {
        try {
            domain.free();
        } catch (LibvirtException e) {
            LOG.log(Level.FINE, LogLine.of("libvirt-domain-not-freed"), e);
        }
    }

    @Override
    public Guest guest(String nameOrUuid) {
        return on(nameOrUuid, "describe", this::describe);
    }

    @Override
    public void plug(UUID guest, GuestDisk disk) {
        on(guest.toString(), "attach " + disk.vdi() + " to", (connect, domain) -> {
            domain.attachDeviceFlags(DiskXml.of(disk, nbdSocket), LIVE);
            return disk;
        });
    }

    @Override
    public void unplug(UUID guest, GuestDisk disk) {
        on(guest.toString(), "detach " + disk.vdi() + " from", (connect, domain) -> {
            try {
                domain.detachDeviceFlags(DiskXml.of(disk, nbdSocket), LIVE);
            } catch (LibvirtException e) {
                // Asked for before, and not yet done: then there is nothing to do but to wait.
                if (!String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("unplug")) {
                    throw e;
                }
            }
            return disk;
        });
    }

    @Override
    public void note(UUID guest, Set<VdiId> vdis) {
        on(guest.toString(), "write the notes of", (connect, domain) -> {
            domain.setMetadata(Domain.MetadataType.ELEMENT, DomainXml.notes(vdis), KEY, DomainXml.NAMESPACE, LIVE);
            return vdis;
        });
    }

    @Override
    public void resume(UUID guest) {
        on(guest.toString(), "resume", (connect, domain) -> {
            domain.resume();
            return guest;
        });
    }

    @Override
    public int freeze(UUID guest, Duration deadline) throws GuestAgentException {
        return agent(guest, domain -> GuestAgentCommands.freeze(domain, deadline));
    }

    @Override
    public int thaw(UUID guest, Duration deadline) throws GuestAgentException {
        return agent(guest, domain -> GuestAgentCommands.thaw(domain, deadline));
    }

    @Override
    public String describe(GuestDisk disk) {
        return DiskXml.of(disk, nbdSocket);
    }

    @Override
    public void close() {
        link.close();
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask(EventfulConnect connect, Domain domain) throws LibvirtException;
    }

    @FunctionalInterface
    private interface AgentCommand {
        int send(Domain domain) throws GuestAgentException;
    }

    private int agent(UUID guest, AgentCommand command) throws GuestAgentException {
        record Answer(int number, @Nullable GuestAgentException failure) {}
        Answer answer = on(guest.toString(), "ask the agent of", (connect, domain) -> {
            try {
                return new Answer(command.send(domain), null);
            } catch (GuestAgentException e) {
                return new Answer(0, e);
            }
        });
        if (answer.failure != null) {
            throw answer.failure;
        }
        return answer.number;
    }

    private <T> T on(String nameOrUuid, String what, Question<T> question) {
        return link.ask(what + " guest " + nameOrUuid, connect -> {
            Domain domain = find(connect, nameOrUuid);
            try {
                checkRuns(domain, nameOrUuid);
                return question.ask(connect, domain);
            } finally {
                free(domain);
            }
        });
    }

    private static Domain find(EventfulConnect connect, String nameOrUuid) throws LibvirtException {
        try {
            return Uuids.isUuid(nameOrUuid)
                    ? connect.domainLookupByUUIDString(nameOrUuid)
                    : connect.domainLookupByName(nameOrUuid);
        } catch (LibvirtException e) {
            if (isMissing(e)) {
                throw new SrException(
                                SrError.GUEST_MISSING, "There is no guest " + nameOrUuid + " at " + connect.getURI(), e)
                        .correction(Advice.of("See: ")
                                .then(Remedy.of(Verb.LIBVIRT_LS))
                                .then(", or virsh list --all"));
            }
            throw e;
        }
    }

    private static void checkRuns(Domain domain, String nameOrUuid) throws LibvirtException {
        if (domain.isActive() == 0) {
            throw new SrException(SrError.GUEST_MISSING, "Guest " + nameOrUuid + " does not run")
                    .correction("Start it; or put the disk into its definition: ", Remedy.of(Verb.LIBVIRT_XML, "VDI"));
        }
    }

    private Guest describe(EventfulConnect connect, Domain domain) throws LibvirtException {
        return DomainXml.guest(domain.getXMLDesc(0), connect.state(domain.getUUIDString()), nbdSocket);
    }

    private static boolean isMissing(LibvirtException e) {
        return e.getError() != null && e.getError().getCode() == ErrorNumber.VIR_ERR_NO_DOMAIN;
    }
}
