package io.catena.agent.smapi;

/** What the volume plugin offers. Each has an executable of this name, and XAPI concludes from that what it can ask for. */
enum VolumeMethod implements PluginMethod {
    PLUGIN_QUERY("Plugin.Query"),
    PLUGIN_LS("Plugin.ls"),
    PLUGIN_DIAGNOSTICS("Plugin.diagnostics"),
    SR_PROBE("SR.probe"),
    SR_CREATE("SR.create"),
    SR_ATTACH("SR.attach"),
    SR_DETACH("SR.detach"),
    SR_DESTROY("SR.destroy"),
    SR_STAT("SR.stat"),
    SR_SET_NAME("SR.set_name"),
    SR_SET_DESCRIPTION("SR.set_description"),
    SR_LS("SR.ls"),
    VOLUME_CREATE("Volume.create"),
    VOLUME_SNAPSHOT("Volume.snapshot"),
    VOLUME_CLONE("Volume.clone"),
    VOLUME_COPY("Volume.copy"),
    VOLUME_DESTROY("Volume.destroy"),
    VOLUME_REVERT("Volume.revert"),
    VOLUME_SET_NAME("Volume.set_name"),
    VOLUME_SET_DESCRIPTION("Volume.set_description"),
    VOLUME_SET("Volume.set"),
    VOLUME_UNSET("Volume.unset"),
    VOLUME_RESIZE("Volume.resize"),
    VOLUME_STAT("Volume.stat"),
    VOLUME_COMPARE("Volume.compare"),
    VOLUME_SIMILAR_CONTENT("Volume.similar_content"),
    VOLUME_COMPOSE("Volume.compose"),
    VOLUME_ENABLE_CBT("Volume.enable_cbt"),
    VOLUME_DISABLE_CBT("Volume.disable_cbt"),
    VOLUME_DATA_DESTROY("Volume.data_destroy"),
    VOLUME_LIST_CHANGED_BLOCKS("Volume.list_changed_blocks");

    private final String executable;

    VolumeMethod(String executable) {
        this.executable = executable;
    }

    @Override
    public String executable() {
        return executable;
    }
}
