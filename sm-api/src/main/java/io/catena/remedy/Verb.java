package io.catena.remedy;

import java.util.List;

/** What can be asked of Catena, as far as an error recommends it. */
public enum Verb {
    SR_ATTACH("sr attach", "path"),
    SR_CHECK("sr check", "sr"),
    SR_CREATE("sr create", "name"),
    SR_DETACH("sr detach", "sr"),
    SR_FORGET("sr forget", "sr"),
    SR_LS("sr ls"),
    SR_PROBE("sr probe", "path"),
    SR_QUOTA("sr quota", "sr"),
    SR_SET("sr set", "sr"),
    SR_SHARE("sr share", "path"),
    VDI_ATTACH("vdi attach", "vdi"),
    VDI_CLONE("vdi clone", "vdi"),
    VDI_COPY("vdi copy", "vdi"),
    VDI_CREATE("vdi create", "sr"),
    VDI_DEACTIVATE("vdi deactivate", "vdi"),
    VDI_DESTROY("vdi destroy", "vdi"),
    VDI_DETACH("vdi detach", "vdi"),
    VDI_EXPORT("vdi export", "vdi"),
    VDI_IMPORT("vdi import", "sr"),
    VDI_LS("vdi ls", "sr"),
    VDI_RESIZE("vdi resize", "vdi", "size"),
    VDI_SNAPSHOT("vdi snapshot", "vdi"),
    VDI_TREE("vdi tree", "sr"),
    GC_PAUSE("gc pause", "sr"),
    GC_RUN("gc run", "sr"),
    GC_SET("gc set", "sr"),
    GC_STATUS("gc status", "sr"),
    JOB_LS("job ls"),
    JOB_WAIT("job wait", "job"),
    LIBVIRT_DETACH("libvirt detach", "vdi", "guest"),
    LIBVIRT_LS("libvirt ls"),
    LIBVIRT_XML("libvirt xml", "vdi"),
    SCHEDULE_LS("schedule ls"),
    HOST_LS("host ls", "path"),
    HOST_FENCED("host fenced", "host", "path"),
    TOKEN_LS("token ls"),
    TOKEN_REVOKE("token revoke", "token"),
    CLIENT_LS("client ls"),
    CLIENT_REMOVE("client remove", "client"),
    CLIENT_SET("client set", "client"),
    AGENT("agent"),
    VHD_CHECK("vhd check", "file"),
    VHD_COALESCE("vhd coalesce", "file"),
    VHD_CONVERT("vhd convert", "file"),
    VHD_DIGEST("vhd digest", "file"),
    VHD_INFO("vhd info", "file"),
    VHD_REPAIR("vhd repair", "file"),
    VHD_REPARENT("vhd reparent", "file"),
    VHD_RESIZE("vhd resize", "file", "size"),
    VHD_SET("vhd set", "file");

    private final String text;

    @SuppressWarnings("ImmutableEnumChecker") // an unmodifiable list of texts
    private final List<String> subjects;

    Verb(String text, String... subjects) {
        this.text = text;
        this.subjects = List.of(subjects);
    }

    /** The noun and the verb: "vdi detach". */
    public String text() {
        return text;
    }

    /** The names of the arguments that say what it is done to, in their order; all others are options. */
    public List<String> subjects() {
        return subjects;
    }

    /** Whether it is done on the host itself, without an agent that runs. */
    public boolean isOffline() {
        return this == AGENT || text.startsWith("vhd ");
    }
}
