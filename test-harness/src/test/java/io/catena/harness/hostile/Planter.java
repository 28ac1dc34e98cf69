package io.catena.harness.hostile;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.catena.harness.tool.PlantedChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/**
 * Makes in a repository's directory what agents, hosts and XenServer's manager leave there, of which nothing is true; and more of it
 * than anybody needs.
 */
final class Planter {
    private static final int TRICKS = 12;
    private static final int CROWD = 1500;
    private static final int MOST_CHAINED = 200;
    private static final int NESTED = 20_000;
    private static final List<String> NAMES =
            List.of("vdi", "target", "file", "node", "parent", "made", "sr", "identity", "uniqueId", "url");
    private static final List<String> NUMBERS =
            List.of("job", "epoch", "lengthBytes", "offsetBytes", "headBytes", "nextByte", "counter");

    private final Path directory;
    private final Path outside;
    private final Random random;

    Planter(Path directory, Path outside, Random random) {
        this.directory = directory;
        this.outside = outside;
        this.random = random;
    }

    void plant() throws IOException {
        switch (random.nextInt(TRICKS)) {
            case 0 -> crowd();
            case 1 -> chain().plant(directory);
            case 2 -> chain().plantCircle(directory);
            case 3 ->
                write(
                        "notes/" + oneOf("schedules.json", "mirrors.json", "host-" + id(), "x", ".new"),
                        oneOf(nested(), "[" + forged() + "]", "[null]", "{}", "x".repeat((1 << 20) + 1)));
            case 4 -> write("jobs/" + number() + ".json", oneOf(forged(), nested(), "{\"kind\":\"copy\"}", "null"));
            case 5 -> upload();
            case 6 ->
                write(
                        "lease/" + oneOf("tree", "hosts_" + id() + "_1", "vdi_" + id(), "pins_a_b") + "." + number(),
                        oneOf(forged(), nested(), "", "{\"holder\":null,\"epoch\":9223372036854775807}"));
            case 7 -> write(oneOf("coordination.json", "lease-tmp/x", "gc.json", "files.self"), forged());
            case 8 -> epoch();
            case 9 -> write("push-down/" + id() + ".json", forged());
            case 10 -> leftover();
            default ->
                write(
                        oneOf("sr.json", "session.json", "orphans.json", "files.json", "vdi/" + id() + ".json"),
                        nested());
        }
    }

    private String oneOf(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private UUID id() {
        return new UUID(random.nextInt(3), random.nextLong());
    }

    private String number() {
        return oneOf("1", "0", "7", "-1", "4503599627370497", "9223372036854775807", "99999999999999999999");
    }

    private static String nested() {
        return "[".repeat(NESTED) + "]".repeat(NESTED);
    }

    /** Has the fields of all kinds of files, with a name that leads outside or numbers that break arithmetic. */
    private String forged() {
        String target = oneOf("../outside/secret.vhd", outside + "/secret.raw", ".catena/sr.json", "..", "x.vhd");
        StringBuilder json = new StringBuilder("{");
        for (String field : NAMES) {
            json.append('"').append(field).append("\":\"");
            json.append(random.nextBoolean() ? target : id().toString()).append("\",");
        }
        for (String field : NUMBERS) {
            json.append('"').append(field).append("\":");
            json.append(oneOf("0", "-1", "9223372036854775807", "1")).append(',');
        }
        return json + "\"kind\":\"copy\",\"name\":\"" + target + "\",\"nodes\":[\"" + target + "\"],\"format\":\"raw\","
                + "\"stream\":\"s\",\"caller\":\"c\"}";
    }

    /** Thousands of names of one file, or of links that lead nowhere. */
    private void crowd() throws IOException {
        String where =
                oneOf("", ".catena/tmp", ".catena/open", ".catena/vdi", ".catena/cbt", ".catena/jobs", ".catena/notes");
        Path crowded = directory.resolve(where);
        if (Files.isSymbolicLink(crowded)) {
            return;
        }
        Files.createDirectories(crowded);
        String end = where.isEmpty() ? oneOf(".txt", "", ".vhd.new") : oneOf(".json", "", ".bits", ".upload");
        boolean linked = random.nextBoolean();
        for (int i = 0; i < CROWD; i++) {
            Path name = crowded.resolve(id() + end);
            if (linked) {
                Files.createSymbolicLink(name, Path.of("nowhere"));
            } else {
                Files.createLink(name, outside.resolve("linked.vhd"));
            }
        }
    }

    private PlantedChain chain() {
        return new PlantedChain(random.nextLong(), 2 + random.nextInt(MOST_CHAINED));
    }

    /** The record of an upload that has got far, and the file that it fills. */
    private void upload() throws IOException {
        String name = "tmp/import-" + id();
        write(name + ".upload", forged());
        write(name + ".head", "x".repeat(random.nextInt(5000)));
        Path filled = directory.resolve(".catena").resolve(name + ".vhd");
        if (!Files.isSymbolicLink(filled.getParent()) && random.nextBoolean()) {
            Files.createLink(filled, outside.resolve("linked.vhd"));
        } else {
            write(name + ".vhd", "conectix");
        }
    }

    /** The directory of an owner of the repository on another host. */
    private void epoch() throws IOException {
        Path epochs = directory.resolve(".catena/epoch");
        if (Files.isSymbolicLink(epochs)) {
            return;
        }
        Path own = epochs.resolve(number());
        Files.createDirectories(own);
        if (random.nextBoolean()) {
            Files.createSymbolicLink(own.resolve("1"), outside);
        } else {
            Files.createLink(own.resolve(oneOf("1", "x", "2-" + id())), outside.resolve("linked.vhd"));
        }
    }

    /** What XenServer's manager, or a resize, did not end. */
    private void leftover() throws IOException {
        UUID id = id();
        Path name = directory.resolve(oneOf(
                "coalesce_" + id,
                "coalesce_" + id + "_" + id(),
                "relink_" + id,
                "leaf_" + id + "_" + id(),
                "OLD_" + id + ".vhd",
                id + ".vhd.new",
                ".journal-" + id + ".vhd",
                "x.vhd.catena-journal",
                "filelog.txt",
                id + ".cbtlog"));
        if (!Files.exists(name, NOFOLLOW_LINKS)) {
            if (random.nextBoolean()) {
                Files.createSymbolicLink(name, outside.resolve("secret.vhd"));
            } else {
                Files.writeString(name, oneOf("", forged(), id + "\n", "0 " + id()));
            }
        }
    }

    private void write(String name, String text) throws IOException {
        Path file = directory.resolve(".catena").resolve(name);
        if (!Files.isSymbolicLink(file.getParent())
                && (!Files.exists(file, NOFOLLOW_LINKS) || Files.isRegularFile(file, NOFOLLOW_LINKS))) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        }
    }
}
