package io.catena.agent.smapi;

/** What the datapath plugin offers. */
enum DatapathMethod implements PluginMethod {
    PLUGIN_QUERY("Plugin.Query"),
    PLUGIN_LS("Plugin.ls"),
    PLUGIN_DIAGNOSTICS("Plugin.diagnostics"),
    DATAPATH_OPEN("Datapath.open"),
    DATAPATH_ATTACH("Datapath.attach"),
    DATAPATH_ACTIVATE("Datapath.activate"),
    DATAPATH_ACTIVATE_READONLY("Datapath.activate_readonly"),
    DATAPATH_IMPORT_ACTIVATE("Datapath.import_activate"),
    DATAPATH_DEACTIVATE("Datapath.deactivate"),
    DATAPATH_DETACH("Datapath.detach"),
    DATAPATH_CLOSE("Datapath.close"),
    DATA_COPY("Data.copy"),
    DATA_MIRROR("Data.mirror"),
    DATA_STAT("Data.stat"),
    DATA_CANCEL("Data.cancel"),
    DATA_DESTROY("Data.destroy"),
    DATA_LS("Data.ls");

    private final String executable;

    DatapathMethod(String executable) {
        this.executable = executable;
    }

    @Override
    public String executable() {
        return executable;
    }
}
