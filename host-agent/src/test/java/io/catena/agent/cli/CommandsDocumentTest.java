package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.Agent;
import io.catena.agent.cli.session.Session;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each line of the tables for those who come from other tools, run against an agent with SRs on disk. */
@Tag("slow")
@Timeout(60)
final class CommandsDocumentTest {
    private static final Path DOCUMENT = Path.of(System.getProperty("catena.home", ".."), "host-agent/COMMANDS.md");
    /** The storage commands of both, but for those that set up databases and lists of columns. */
    private static final String THEIRS = """
            sr-create sr-destroy sr-forget sr-list sr-param-list sr-param-get sr-param-set sr-introduce
            sr-probe sr-probe-ext sr-scan sr-update sr-data-source-list pbd-create pbd-plug pbd-unplug pbd-destroy pbd-list
            vdi-create vdi-destroy vdi-list vdi-param-list vdi-param-get vdi-param-set vdi-param-remove vdi-resize
            vdi-snapshot vdi-clone vdi-copy vdi-pool-migrate vdi-export vdi-import vdi-introduce vdi-forget vdi-update
            vdi-unlock vdi-list-changed-blocks vdi-data-destroy vdi-enable-cbt vdi-disable-cbt
            vbd-create vbd-plug vbd-unplug vbd-destroy vbd-list snapshot-list snapshot-revert snapshot-clone snapshot-destroy
            vmss-create vmss-list vmss-destroy task-list task-cancel event-wait
            pool-autostart pool-build pool-create pool-create-as pool-define pool-define-as pool-delete pool-destroy
            pool-dumpxml pool-edit pool-event pool-info pool-list pool-name pool-refresh pool-start pool-undefine pool-uuid
            find-storage-pool-sources find-storage-pool-sources-as
            vol-clone vol-create vol-create-as vol-create-from vol-delete vol-download vol-dumpxml vol-info vol-key vol-list
            vol-name vol-path vol-pool vol-resize vol-upload vol-wipe
            snapshot-create snapshot-create-as snapshot-current snapshot-delete snapshot-dumpxml snapshot-edit snapshot-info
            snapshot-parent attach-disk detach-disk domblklist domblkinfo blockcommit blockcopy blockjob blockpull
            blockresize checkpoint-create-as backup-begin""";

    private static final Pattern OURS = Pattern.compile("`catena ([^`]+)`");

    @TempDir
    private static Path directory;

    private static Agent agent;
    private static int lines;

    private StringWriter err = new StringWriter();
    private StringWriter out = new StringWriter();
    private String number = "";

    @BeforeAll
    static void start() throws IOException {
        agent = Agent.start(
                directory.resolve("run"),
                new Agent.Options(NbdLimits.DEFAULT, null, false),
                socket -> new NoHypervisor());
    }

    @AfterAll
    static void stop() {
        agent.close();
    }

    /** Returns the commands of each row of the tables. */
    static Stream<String> rows() throws IOException {
        return Files.readString(DOCUMENT)
                .lines()
                .filter(line -> line.startsWith("| `xe ") || line.startsWith("| `virsh ") || line.startsWith("| ("))
                .map(line -> line.split("\\|", -1)[2].strip());
    }

    @Test
    void everyStorageCommandOfTheirsIsFound() throws IOException {
        String document = Files.readString(DOCUMENT);
        assertThat(THEIRS.split("\\s+"))
                .allSatisfy(verb -> assertThat(document).containsPattern("`(xe |virsh )?" + verb + "[ `]"));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void theLineDoesWhatItSays(String ours) {
        number = Integer.toString(++lines);
        List<String[]> commands = commands(ours);
        assertThat(commands).as("commands in: %s", ours).isNotEmpty();
        prepare(ours);
        for (String[] command : commands) {
            if (needsMore(command)) {
                Catena.commandLine(session()).parseArgs(command);
            } else {
                done(command);
            }
        }
    }

    /** Guests have tests of their own, and what follows events does not end. */
    private static boolean needsMore(String... command) {
        return command[0].equals("libvirt") || Arrays.asList(command).contains("--follow");
    }

    /** Makes what the line speaks of, in the state in which somebody would use it. */
    private void prepare(String ours) {
        if (ours.contains("--path DIR") || ours.contains("probe")) {
            return;
        }
        done(
                "sr",
                "create",
                "sr" + number,
                "--path",
                directory.resolve("sr" + number).toString());
        if (ours.contains("sr attach") || ours.contains("sr forget")) {
            done("sr", "detach", "sr" + number);
        }
        if (ours.contains("VDI") || ours.contains("SNAPSHOT")) {
            done("vdi", "create", "sr" + number, "--size", "10M", "--name", "disk" + number);
            done("vdi", "snapshot", "disk" + number, "--name", "first" + number);
            done("vdi", "snapshot", "disk" + number, "--name", "second" + number);
        }
        if (ours.contains("vdi detach")) {
            done("vdi", "attach", "disk" + number);
        }
        if (ours.contains("vdi import")) {
            done("vhd", "create", meant("FILE"), "--size", "10M");
        }
        if (ours.contains("SCHEDULE")) {
            done("schedule", "create", meant("SCHEDULE"), "--sr", "sr" + number, "--every", "60", "--keep-last", "5");
        }
        if (ours.contains("JOB")) {
            done("gc", "run", "sr" + number);
        }
    }

    private List<String[]> commands(String ours) {
        List<String[]> commands = new ArrayList<>();
        Matcher matcher = OURS.matcher(ours);
        while (matcher.find()) {
            commands.add(Arrays.stream(matcher.group(1).split(" ", -1))
                    .map(this::meant)
                    .toArray(String[]::new));
        }
        return commands;
    }

    private String meant(String word) {
        return switch (word) {
            case "SR" -> "sr" + number;
            case "VDI" -> "disk" + number;
            case "SNAPSHOT" -> "first" + number;
            case "OTHER" -> "second" + number;
            case "NAME" -> "name" + number;
            case "DIR" -> directory.resolve("new" + number).toString();
            case "FILE" -> directory.resolve("file" + number).toString();
            case "SCHEDULE" -> "schedule" + number;
            case "JOB" -> "1";
            default -> word;
        };
    }

    private void done(String... command) {
        int code = Catena.run(session(), command);
        assertThat(err.toString()).as(String.join(" ", command)).isEmpty();
        assertThat(code).as(out.toString()).isZero();
    }

    private Session session() {
        err = new StringWriter();
        out = new StringWriter();
        return new Session(
                new PrintWriter(out),
                new PrintWriter(err),
                Map.of("CATENA_RUN_DIR", directory.resolve("run").toString()),
                false);
    }
}
