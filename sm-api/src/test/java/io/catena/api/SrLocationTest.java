package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SrLocationTest {
    @Test
    void aDirectoryIsALocation() {
        assertThat(SrLocation.file(Path.of("/srv/sr")).directory()).isEqualTo(Path.of("/srv/sr"));
    }

    @Test
    void aPathMustBeAbsolute() {
        assertRefused(new SrLocation(SrLocation.FILE, Map.of("path", "srv/sr")), "The path is not absolute");
        assertRefused(
                new SrLocation(SrLocation.FILE, Map.of("path", "/srv\0sr")),
                "The path cannot be the name of a directory");
    }

    @Test
    void aMissingKeyIsNamed() {
        assertRefused(new SrLocation(SrLocation.FILE, Map.of("path", "")), "An SR of type \"file\" needs \"path\"");
    }

    @Test
    void aKeyThatWouldBeOverlookedIsRefused() {
        assertRefused(
                new SrLocation(SrLocation.FILE, Map.of("path", "/srv", "paht", "/srv/sr", "host", "filer")),
                "An SR of type \"file\" has no host, paht");
    }

    @Test
    void othersAreNoDirectories() {
        assertRefused(new SrLocation("nfs", Map.of("server", "filer")), "SRs of type \"nfs\" cannot be reached here");
    }

    private static void assertRefused(SrLocation location, String detail) {
        assertThatThrownBy(location::directory)
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST))
                .hasMessage(detail);
    }
}
