package io.catena.harness.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;

/** A guest that a test starts, talks to and ends. */
public final class RunningGuest implements AutoCloseable {
    /** Long enough for an emulated guest on a busy machine. */
    public static final Duration BOOT_DEADLINE = Duration.ofMinutes(5);

    private static final Duration COMMAND_DEADLINE = Duration.ofMinutes(2);

    private final String name;
    private final Path console;
    private final GuestShell shell;

    private RunningGuest(String name, Path console, GuestShell shell) {
        this.name = name;
        this.console = console;
        this.shell = shell;
    }

    /**
     * Starts a guest that boots by its BIOS, and waits until it answers.
     *
     * @param disks the elements of its disks
     * @param directory for its sockets and its console
     */
    public static RunningGuest boot(String uri, String name, String disks, Path directory) throws IOException {
        return start(uri, name, DomainXml.booting(name, disks, directory), directory);
    }

    /** Starts a guest without disks, and waits until it answers. */
    public static RunningGuest direct(String uri, String name, GuestImage image, Path directory) throws IOException {
        return direct(uri, name, image, "", directory);
    }

    /** As {@link #direct(String, String, GuestImage, Path)}, with more devices, given by their elements. */
    public static RunningGuest direct(String uri, String name, GuestImage image, String devices, Path directory)
            throws IOException {
        return start(uri, name, DomainXml.direct(name, image, devices, directory), directory);
    }

    private static RunningGuest start(String uri, String name, String xml, Path directory) throws IOException {
        try {
            Connect connect = new Connect(uri);
            try {
                Domain domain = connect.domainCreateXML(xml, 0);
                domain.free();
            } finally {
                connect.close();
            }
        } catch (LibvirtException e) {
            throw new IOException("the guest " + name + " does not start: " + e.getMessage() + "\n" + xml, e);
        }
        return arrived(name, directory);
    }

    /** Waits until a guest answers that was started by somebody else, with its sockets and its console in {@code directory}. */
    public static RunningGuest arrived(String name, Path directory) throws IOException {
        RunningGuest guest = new RunningGuest(
                name, directory.resolve(name + ".log"), GuestShell.connect(directory.resolve(name + ".sh")));
        guest.run("true", BOOT_DEADLINE);
        return guest;
    }

    public String name() {
        return name;
    }

    /**
     * Runs a shell script in the guest and returns its output.
     *
     * @throws IOException if it fails, or takes more than two minutes; the message holds the guest's console
     */
    public String run(String script) throws IOException {
        return run(script, COMMAND_DEADLINE);
    }

    /** As {@link #run(String)}, with another deadline. */
    public String run(String script, Duration deadline) throws IOException {
        GuestShell.Result result;
        try {
            result = shell.tryRun(script, deadline);
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "\nconsole of " + name + ":\n" + console(), e);
        }
        if (result.code() != 0) {
            throw new IOException("exit code " + result.code() + " in guest " + name + " of: " + script + "\n"
                    + result.output() + "\nconsole:\n" + console());
        }
        return result.output();
    }

    private String console() throws IOException {
        return Files.exists(console) ? Files.readString(console, UTF_8) : "";
    }

    /** Ends the talk with the guest; the guest itself ends with its hypervisor. */
    @Override
    public void close() throws IOException {
        shell.close();
    }
}
