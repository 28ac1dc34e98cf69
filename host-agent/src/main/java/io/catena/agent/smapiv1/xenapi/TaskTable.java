package io.catena.agent.smapiv1.xenapi;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;

/**
 * The tasks that XAPI shows to users.
 *
 * <p><b>Errors.</b> All methods throw {@link XenApiException}. <b>Threads.</b> Safe for use by many threads.
 */
public final class TaskTable {
    private final XenApi xapi;

    public TaskTable(XenApi xapi) {
        this.xapi = xapi;
    }

    /**
     * Makes a task.
     *
     * @param appliesTo the reference of what it is about, where Xen Orchestra and XenCenter look for that
     * @return its reference
     */
    public String create(String label, String description, String appliesTo) {
        String task = xapi.call("task.create", label, description).asText();
        xapi.call("task.add_to_other_config", task, "applies_to", appliesTo);
        return task;
    }

    /** Tells how much is done, from 0 to 1. */
    public void setProgress(String task, double done) {
        xapi.call("task.set_progress", XmlRpcValue.of(task), new XmlRpcValue.Real(done));
    }

    /**
     * Ends a task; XAPI removes it some time later.
     *
     * @param status success, failure or cancelled
     */
    public void end(String task, String status) {
        xapi.call("task.set_status", task, status);
    }
}
