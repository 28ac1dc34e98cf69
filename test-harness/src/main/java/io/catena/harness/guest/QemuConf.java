package io.catena.harness.guest;

/** How libvirt's qemu driver has to be configured in a container, as root: no cgroups, no namespaces, no confinement. */
final class QemuConf {
    static final String TEXT = """
            user = "root"
            group = "root"
            security_driver = "none"
            dynamic_ownership = 0
            remember_owner = 0
            namespaces = []
            cgroup_controllers = []
            stdio_handler = "file"
            """;

    private QemuConf() {}
}
