package io.catena.harness.guest;

import java.nio.file.Path;
import java.util.Locale;

/**
 * Definitions of small guests, emulated by qemu, with two channels: to the guest agent and to the shell. Of their memory, which is
 * enough for Java, the host gives what they touch.
 */
final class DomainXml {
    /** Slots for disks that come later. */
    private static final int SLOTS = 8;

    private DomainXml() {}

    /** Returns a guest that boots by its BIOS from its first disk. */
    static String booting(String name, String disks, Path directory) {
        return domain(name, "<boot dev='hd'/>", disks, directory);
    }

    /** Returns a guest whose kernel qemu loads. */
    static String direct(String name, GuestImage image, String devices, Path directory) {
        String os = "<kernel>" + image.kernel() + "</kernel><initrd>" + image.initrd() + "</initrd>"
                + "<cmdline>console=ttyS0 quiet panic=-1 no_timer_check</cmdline>";
        return domain(name, os, devices, directory);
    }

    private static String domain(String name, String os, String devices, Path directory) {
        StringBuilder slots = new StringBuilder();
        for (int i = 1; i <= SLOTS; i++) {
            slots.append("<controller type='pci' index='").append(i).append("' model='pcie-root-port'/>");
        }
        return String.format(Locale.ROOT, """
                <domain type='qemu'>
                  <name>%1$s</name>
                  <memory unit='MiB'>768</memory>
                  <vcpu>1</vcpu>
                  <os><type arch='x86_64' machine='q35'>hvm</type>%2$s</os>
                  <features><acpi/></features>
                  <cpu mode='custom' match='exact' check='none'><model fallback='allow'>qemu64</model></cpu>
                  <on_reboot>destroy</on_reboot>
                  <on_crash>destroy</on_crash>
                  <devices>
                    <emulator>/usr/bin/qemu-system-x86_64</emulator>
                    <controller type='usb' model='none'/>
                    <controller type='pci' index='0' model='pcie-root'/>
                    %3$s
                    %4$s
                    <serial type='file'><source path='%5$s/%1$s.log'/></serial>
                    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
                    <channel type='unix'>
                      <source mode='bind' path='%5$s/%1$s.sh'/>
                      <target type='virtio' name='io.catena.shell'/>
                    </channel>
                    <memballoon model='none'/>
                  </devices>
                </domain>
                """, name, os, slots, devices, directory);
    }
}
