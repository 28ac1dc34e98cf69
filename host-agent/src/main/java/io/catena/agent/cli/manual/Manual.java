package io.catena.agent.cli.manual;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.AutoComplete;
import picocli.CommandLine;

/** Writes a man page for each command, and what shells complete words with. */
public final class Manual {
    private Manual() {}

    /**
     * Writes all of it.
     *
     * @param command the outermost
     * @param directory made if it is absent; {@code man} and {@code completion} are made in it
     */
    public static void write(CommandLine command, Path directory) throws IOException {
        Path pages = Files.createDirectories(directory.resolve("man"));
        Path completion = Files.createDirectories(directory.resolve("completion"));
        String name = command.getCommandName();
        writePages(command, pages);
        // The script of picocli is for bash and for zsh.
        String bash = AutoComplete.bash(name, command);
        write(completion.resolve(name + ".bash"), bash);
        write(completion.resolve("_" + name), "#compdef " + name + "\n" + bash);
        write(completion.resolve(name + ".fish"), FishCompletion.of(command));
    }

    private static void writePages(CommandLine command, Path directory) throws IOException {
        write(directory.resolve(ManPage.name(command) + ".1"), ManPage.of(command));
        for (CommandLine below : command.getSubcommands().values()) {
            writePages(below, directory);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardCharsets.UTF_8);
    }
}
