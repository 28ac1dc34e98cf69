package io.catena.agent.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.VdiId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both udev and the agent make the links. */
class DeviceLinksTest {
    private final VdiId vdi = new VdiId(UUID.fromString("506d77e6-8905-4f96-98e9-19931bc804a9"));

    @TempDir
    private Path dev;

    private Path device;
    private Path link;
    private DeviceLinks links;

    @BeforeEach
    void nothingIsThere() {
        device = dev.resolve("nbd0");
        links = new DeviceLinks(dev.resolve("catena"));
        link = links.of(vdi);
    }

    @Test
    void theLinkOfUdevIsTheSame() throws IOException {
        Files.createDirectory(dev.resolve("catena"));
        Files.createSymbolicLink(link, Path.of("../nbd0"));
        links.point(vdi, device);
        assertThat(Files.readSymbolicLink(link)).isEqualTo(Path.of("../nbd0"));

        links.remove(vdi.toString(), dev.resolve("nbd1"));
        assertThat(Files.exists(link, LinkOption.NOFOLLOW_LINKS)).isTrue();
        links.remove(vdi.toString(), device);
        assertThat(Files.exists(link, LinkOption.NOFOLLOW_LINKS)).isFalse();
    }

    @Test
    void aLinkLeadsToTheDeviceThatItWasLastPointedTo() throws IOException {
        links.point(vdi, dev.resolve("nbd1"));
        links.point(vdi, device);
        assertThat(Files.readSymbolicLink(link)).isEqualTo(device);
        links.remove(vdi.toString(), device);
        links.remove(vdi.toString(), device);
        assertThat(Files.exists(link, LinkOption.NOFOLLOW_LINKS)).isFalse();
    }
}
