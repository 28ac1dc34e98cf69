package io.catena.agent.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.linux.MountTable.Mount;
import io.catena.api.SrException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NfsMountCheckTest {
    private static final Path POINT = Path.of("/mnt/pool");

    private static NfsMountCheck.Findings nfs(String... options) {
        return NfsMountCheck.of(new Mount(POINT, "nfs4", "filer:/export", Set.of(options)), false);
    }

    @Test
    void aMountAsItShouldBeIsFine() {
        NfsMountCheck.Findings found = nfs("rw", "vers=4.2", "hard", "local_lock=none", "lookupcache=pos");
        assertThatCode(() -> found.refuse(POINT)).doesNotThrowAnyException();
        assertThat(found.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"nolock", "local_lock=all", "local_lock=flock", "local_lock=posix", "nocto"})
    void locksThatOtherHostsDoNotSeeAreRefused(String option) {
        assertThatThrownBy(() -> nfs("hard", "vers=4.2", option).refuse(POINT))
                .isInstanceOf(SrException.class)
                .hasMessageContaining(option);
    }

    @Test
    void aKernelThatWritesOnWithLostLocksIsRefused() {
        Mount mount = new Mount(POINT, "nfs4", "filer:/export", Set.of("hard", "vers=4.2"));
        assertThatThrownBy(() -> NfsMountCheck.of(mount, true).refuse(POINT))
                .hasMessageContaining("recover_lost_locks");
    }

    @Test
    void whatMakesFailuresWorseIsWarnedOf() {
        assertThat(nfs("soft", "vers=3").warnings()).hasSize(3);
        assertThat(nfs("softerr", "vers=4.2", "lookupcache=none").warnings()).hasSize(1);
        assertThat(nfs("hard", "vers=4.2").warnings())
                .singleElement()
                .asString()
                .contains("lookupcache=positive");
    }

    @Test
    void otherFileSystemsAreNoneOfItsBusiness(@TempDir Path directory) throws Exception {
        assertThat(NfsMountCheck.of(directory))
                .isEqualTo(NfsMountCheck.of(new Mount(POINT, "ext4", "/dev/sda", Set.of("soft", "nolock")), true));
        assertThat(NfsMountCheck.of(directory).refusals()).isEmpty();
    }
}
