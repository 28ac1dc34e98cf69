package io.catena.agent.cli;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine;

/** What people type who know other tools: spelling alone does not lead from "list" to "ls". */
final class Synonyms {
    private static final Map<String, List<String>> MEANT = Map.ofEntries(
            Map.entry("list", List.of("ls")),
            Map.entry("show", List.of("show", "stat", "ls")),
            Map.entry("info", List.of("stat", "info", "show")),
            Map.entry("dumpxml", List.of("xml", "stat")),
            Map.entry("status", List.of("stat", "status")),
            Map.entry("get", List.of("stat", "show", "keys")),
            Map.entry("delete", List.of("destroy", "revoke", "rm")),
            Map.entry("remove", List.of("destroy", "revoke", "rm")),
            Map.entry("rm", List.of("destroy", "revoke")),
            Map.entry("undefine", List.of("destroy", "forget")),
            Map.entry("new", List.of("create")),
            Map.entry("add", List.of("create")),
            Map.entry("make", List.of("create")),
            Map.entry("define", List.of("create")),
            Map.entry("introduce", List.of("attach")),
            Map.entry("mount", List.of("attach")),
            Map.entry("plug", List.of("attach")),
            Map.entry("start", List.of("run", "activate", "attach")),
            Map.entry("unmount", List.of("detach")),
            Map.entry("umount", List.of("detach")),
            Map.entry("unplug", List.of("detach")),
            Map.entry("stop", List.of("cancel", "detach")),
            Map.entry("snap", List.of("snapshot")),
            Map.entry("grow", List.of("resize")),
            Map.entry("extend", List.of("resize")),
            Map.entry("rollback", List.of("revert")),
            Map.entry("restore", List.of("revert", "import")),
            Map.entry("rename", List.of("set")),
            Map.entry("param-set", List.of("set")),
            Map.entry("param-list", List.of("stat")),
            Map.entry("refresh", List.of("scan")),
            Map.entry("fsck", List.of("check")),
            Map.entry("upload", List.of("import")),
            Map.entry("download", List.of("export")),
            Map.entry("disk", List.of("vdi")),
            Map.entry("vol", List.of("vdi")),
            Map.entry("volume", List.of("vdi")),
            Map.entry("pool", List.of("sr")),
            Map.entry("task", List.of("job")),
            Map.entry("coalesce", List.of("gc")));

    /** Whose commands are meant by those who name no group, the likelier ones first. */
    private static final List<String> GROUPS = List.of("vdi", "sr", "job", "gc", "schedule", "vhd", "libvirt", "token");

    private Synonyms() {}

    /** Returns the command that somebody meant who typed {@code word} behind {@code command}. */
    static Optional<String> meant(CommandLine command, String word) {
        return synonym(command, word)
                .or(() -> ofBothParts(command, word))
                .or(() -> withoutItsGroup(command, word))
                .map(found -> found.getCommandSpec().qualifiedName());
    }

    private static Optional<CommandLine> synonym(CommandLine command, String word) {
        return MEANT.getOrDefault(word, List.of()).stream()
                .filter(command.getSubcommands()::containsKey)
                .map(command.getSubcommands()::get)
                .findFirst();
    }

    /** xe and virsh call "sr-list" what is called "sr ls" here. */
    private static Optional<CommandLine> ofBothParts(CommandLine command, String word) {
        String[] parts = word.split("-", 2);
        return parts.length == 2 ? named(command, parts[0]).flatMap(group -> named(group, parts[1])) : Optional.empty();
    }

    private static Optional<CommandLine> withoutItsGroup(CommandLine command, String word) {
        return GROUPS.stream()
                .map(command.getSubcommands()::get)
                .filter(Objects::nonNull)
                .flatMap(group -> named(group, word).stream())
                .findFirst();
    }

    private static Optional<CommandLine> named(CommandLine command, String word) {
        return Optional.ofNullable(command.getSubcommands().get(word)).or(() -> synonym(command, word));
    }
}
