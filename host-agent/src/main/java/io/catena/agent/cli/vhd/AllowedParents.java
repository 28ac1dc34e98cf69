package io.catena.agent.cli.vhd;

import io.catena.agent.linux.LinuxFiles;
import io.catena.tool.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ScopeType;

/** The option by which a user names directories that may hold parents of the disks of other directories. */
final class AllowedParents {
    private List<Path> directories = List.of();

    /** Adds the option to a command and those below it. */
    void addTo(CommandSpec spec) {
        spec.addOption(OptionSpec.builder("--allow-parent")
                .paramLabel("DIR")
                .type(List.class)
                .auxiliaryTypes(Path.class)
                .arity("1")
                .scopeType(ScopeType.INHERIT)
                .description(
                        "Follow disks to parents in this directory, too. Else they are looked for beside the disk only.")
                .setter(this::set)
                .build());
    }

    @SuppressWarnings("unchecked")
    private <T> T set(T wanted) {
        directories = wanted == null ? List.of() : List.copyOf((List<Path>) wanted);
        return wanted;
    }

    /** Finds a file that the user names. */
    HostFile file(Path path) throws IOException {
        return HostFile.of(path, directories);
    }

    /** Finds a file that may share extents with others. */
    HostFile sharingFile(Path path) throws IOException {
        return HostFile.of(path, directories, LinuxFiles::new);
    }
}
