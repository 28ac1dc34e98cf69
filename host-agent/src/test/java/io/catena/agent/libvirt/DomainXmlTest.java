package io.catena.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.guest.Guest;
import io.catena.agent.guest.GuestDisk;
import io.catena.api.AccessMode;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.nio.file.Path;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written for libvirt, and what is read of its descriptions. */
final class DomainXmlTest {
    private static final Path SOCKET = Path.of("/run/it's <catena> & co/nbd.sock");
    private static final VdiId VDI = VdiId.parse("e6183bf1-8519-4f32-90b6-8b53158d0747");
    private static final UUID DOMAIN = UUID.fromString("5f2d3a54-0f86-4f7e-9a0c-0d9f0a1b2c3d");

    @ParameterizedTest
    @EnumSource(AccessMode.class)
    void aDiskIsReadAsItWasWritten(AccessMode mode) {
        GuestDisk disk = new GuestDisk(VDI, "vdb", mode);
        Guest guest = read(DiskXml.of(disk, SOCKET), "");
        assertThat(guest.disks()).containsExactly(disk);
        assertThat(guest.targets()).containsExactly("vdb");
        assertThat(guest.name()).isEqualTo("debian & co");
        assertThat(guest.guest()).isEqualTo(DOMAIN);
    }

    @Test
    void theDiskTellsWhichVdiItIs() {
        String xml = DiskXml.of(new GuestDisk(VDI, "vdb", AccessMode.READ_WRITE), SOCKET);
        assertThat(xml)
                .contains("<serial>" + VDI + "</serial>", "<alias name='ua-" + VDI + "'/>", "error_policy='stop'")
                .doesNotContain("readonly");
        assertThat(DiskXml.ofAlias(DiskXml.alias(VDI))).contains(VDI);
        assertThat(DiskXml.ofAlias("ua-mine")).isEmpty();
        assertThat(DiskXml.ofAlias("virtio-disk0")).isEmpty();
    }

    @Test
    void disksOfOthersAreNoneOfOurs() {
        GuestDisk disk = new GuestDisk(VDI, "vdc", AccessMode.READ_WRITE);
        Guest guest = read(
                "<disk type='file'><source file='/a.qcow2'/><target dev='vda'/></disk>"
                        + "<disk type='block'><target dev='vdb'/></disk>"
                        + DiskXml.of(disk, Path.of("/run/other/nbd.sock")),
                "");
        assertThat(guest.disks()).isEmpty();
        assertThat(guest.targets()).containsExactlyInAnyOrder("vda", "vdb", "vdc");
    }

    @Test
    void notesAreReadAsTheyWereWritten() {
        // libvirt puts in namespace and prefix.
        String stored = DomainXml.notes(Set.of(VDI))
                .replace("<vdis>", "<catena:vdis xmlns:catena='" + DomainXml.NAMESPACE + "'>")
                .replace("</vdis>", "</catena:vdis>")
                .replace("<vdi ", "<catena:vdi ");
        assertThat(read("", stored).noted()).containsExactly(VDI);
        assertThat(read("", "<x:vdi xmlns:x='urn:other' id='" + VDI + "'/>").noted())
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<domain>", "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain/>"})
    void whatIsNoDescriptionIsRefused(String xml) {
        assertThatThrownBy(() -> DomainXml.guest(xml, Guest.State.RUNNING, SOCKET))
                .isInstanceOf(SrException.class);
    }

    private static Guest read(String disks, String metadata) {
        String xml = "<domain type='kvm' id='1'><name>debian &amp; co</name><uuid>" + DOMAIN + "</uuid><metadata>"
                + metadata + "</metadata><devices>" + disks + "</devices></domain>";
        return DomainXml.guest(xml, Guest.State.RUNNING, SOCKET);
    }
}
