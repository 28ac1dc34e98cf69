package io.catena.agent.cli.text;

/** What commands' help says of arguments that many commands have. */
public final class ArgumentText {
    public static final String VDI = "A disk or snapshot: its id or name.";
    public static final String SNAPSHOT = "A snapshot: its id or name.";
    public static final String SR = "A storage repository: its id or name.";
    public static final String SR_DIRECTORY = "The SR's directory.";
    public static final String JOB = "A job: its number, as \"catena job ls\" tells it.";
    public static final String SCHEDULE = "A schedule: its id or name.";
    public static final String GUEST = "A guest: its name or UUID, as libvirt knows it.";
    public static final String VHD = "The file of a disk.";
    public static final String NEW_FILE = "The file to be made.";
    public static final String READ_ONLY = "It cannot be written.";
    public static final String NEW_NAME = "What it is called from now on.";
    public static final String NEW_DESCRIPTION = "What is said about it from now on.";

    private ArgumentText() {}
}
