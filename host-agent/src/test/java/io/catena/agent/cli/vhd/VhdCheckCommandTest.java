package io.catena.agent.cli.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.store.FileStorage;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code catena vhd check} and {@code catena vhd repair}. */
final class VhdCheckCommandTest {
    private static final int BLOCK = 2 << 20;
    private static final int SECTOR = 512;

    @TempDir
    Path directory;

    private Path disk = Path.of("");
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void makeDisk() throws IOException {
        disk = make("disk.vhd");
    }

    @Test
    void aGoodFileIsExitCode0() throws IOException {
        assertThat(check(disk.toString())).isZero();
        assertThat(out).hasToString(disk + ": valid\n");
        loseFooter();
        assertThat(check(make("other.vhd").toString(), "--json", "--data", "--chain", "--ignore-timestamps"))
                .isZero();
        assertThat(json().getAsJsonArray().toString())
                .isEqualTo("[{\"file\":\"" + directory.resolve("other.vhd")
                        + "\",\"verdict\":\"valid\",\"findings\":[]}]");
    }

    @Test
    void aBadFileIsExitCode1AndTellsWhatToDo() throws IOException {
        loseFooter();
        assertThat(check(disk.toString())).isEqualTo(1);
        assertThat(out.toString())
                .startsWith(disk + ": repairable\n  repairable FOOTER_COOKIE at byte ")
                .contains("    found cookie 0x0\n    expected \"conectix\"\n    repair it: catena vhd repair FILE\n");
        assertThat(check(disk.toString(), make("other.vhd").toString(), "--json"))
                .isEqualTo(1);
        JsonArray reports = json().getAsJsonArray();
        assertThat(reports).hasSize(2);
        JsonObject report = reports.get(0).getAsJsonObject();
        assertThat(report.keySet()).containsExactly("file", "verdict", "findings");
        assertThat(report.get("verdict").getAsString()).isEqualTo("repairable");
        JsonObject finding = report.getAsJsonArray("findings").get(0).getAsJsonObject();
        assertThat(finding.keySet())
                .containsExactly("code", "severity", "offset", "meaning", "found", "expected", "advice");
        assertThat(finding.get("code").getAsString()).isEqualTo("FOOTER_COOKIE");
    }

    @Test
    void aMissingFileIsExitCode1AndTheOthersAreChecked() {
        assertThat(check(directory.resolve("none").toString(), disk.toString())).isEqualTo(1);
        assertThat(out).hasToString(disk + ": valid\n");
        assertThat(err.toString()).startsWith("catena: cannot check " + directory.resolve("none"));
    }

    @Test
    void repairShowsItsPlanUnlessItIsToldToGoOn() throws IOException {
        byte[] good = Files.readAllBytes(disk);
        loseFooter();
        byte[] bad = Files.readAllBytes(disk);
        assertThat(repair(disk.toString())).isZero();
        assertThat(out.toString())
                .startsWith(disk + ": would be changed; add --yes to do it\n  512 bytes at byte ")
                .endsWith(": it is lost\n");
        assertThat(Files.readAllBytes(disk)).isEqualTo(bad);
        assertThat(repair(disk.toString(), "--yes")).isZero();
        assertThat(out.toString()).endsWith("  what was replaced is in " + disk + ".undo\n");
        assertThat(Files.readAllBytes(disk)).isEqualTo(good);
        assertThat(repair(disk.toString(), "--undo")).isZero();
        assertThat(Files.readAllBytes(disk)).isEqualTo(good);
        assertThat(repair(disk.toString(), "--undo", "--yes")).isZero();
        assertThat(Files.readAllBytes(disk)).isEqualTo(bad);
        assertThat(repair(disk.toString(), "--undo", "--yes")).isEqualTo(1);
        assertThat(err.toString()).contains("there is no repair of disk.vhd to take back");
    }

    @Test
    void repairAnswersInJson() throws IOException {
        assertThat(repair(disk.toString(), "--json")).isZero();
        assertThat(json().getAsJsonObject().getAsJsonArray("changes")).isEmpty();
        loseFooter();
        assertThat(repair(disk.toString(), "--json", "--yes")).isZero();
        JsonObject answer = json().getAsJsonObject();
        assertThat(answer.get("applied").getAsBoolean()).isTrue();
        JsonObject change = answer.getAsJsonArray("changes").get(0).getAsJsonObject();
        assertThat(change.get("length").getAsInt()).isEqualTo(512);
        assertThat(change.get("why").getAsString()).isEqualTo("it is lost");
    }

    @Test
    void whatCannotBeRepairedIsExitCode1() throws IOException {
        Files.write(disk, new byte[4096]);
        assertThat(repair(disk.toString(), "--yes")).isEqualTo(1);
        assertThat(out.toString())
                .contains(": cannot be repaired\n", "left alone: NO_FOOTER", "neither the footer nor its copy");
        assertThat(repair(directory.resolve("none").toString(), "--json")).isEqualTo(1);
        assertThat(json().getAsJsonObject().getAsJsonObject("error").get("code").getAsString())
                .isEqualTo("VDI_MISSING");
    }

    /** It was called valid after the repair, and showed zeros for what was lost. */
    @Test
    void noRepairCallsAFileValidThatWasCutOffBehindItsLastBitmap() throws IOException {
        write(BLOCK);
        cutOff(SECTOR + BLOCK);
        byte[] cut = Files.readAllBytes(disk);
        assertThat(check(disk.toString())).isEqualTo(1);
        assertThat(out.toString()).startsWith(disk + ": invalid\n").contains("BLOCK_DATA_LOST");
        assertThat(repair(disk.toString(), "--yes")).isEqualTo(1);
        assertThat(out.toString())
                .contains(": cannot be repaired\n", "left alone: BLOCK_DATA_LOST", "--drop-entries-past-end");
        assertThat(Files.readAllBytes(disk)).isEqualTo(cut);
        assertThat(repair(disk.toString(), "--drop-entries-past-end", "--yes")).isZero();
        assertThat(check(disk.toString())).isZero();
    }

    /** What the redo log tells is not in the bitmaps yet, and nothing is wrong with that. */
    @Test
    void theDataOfAFileWhoseAgentWasKilledIsNotComparedWithItsBitmaps() throws IOException {
        write(SECTOR);
        writeAt(Files.size(disk) - SECTOR - BLOCK + SECTOR);
        Files.createDirectories(directory.resolve(".catena/open"));
        Path session = Files.writeString(directory.resolve(".catena/session.json"), "{}");
        Files.writeString(directory.resolve(".catena/open/" + UUID.randomUUID()), "disk.vhd");
        assertThat(check(disk.toString())).isZero();
        assertThat(out).hasToString(disk + ": valid\n");
        assertThat(check(disk.toString(), "--data")).isEqualTo(1);
        assertThat(err.toString()).contains("did not end in order", "attach and detach the SR first");
        assertThat(check(make("other.vhd").toString(), "--data")).isZero();
        Files.delete(session);
        assertThat(check(disk.toString())).isZero();
        assertThat(out.toString()).contains("STRAY_DATA");
    }

    @Test
    void theTwoFitUnderACommandThatHasTheJsonOptionToo() {
        CommandLine vhd = new CommandLine(new VhdCommand());
        assertThat(run(vhd, "check", disk.toString(), "--json")).isZero();
        assertThat(json().getAsJsonArray()).hasSize(1);
    }

    private Path make(String name) throws IOException {
        new NewVhd(Clock.systemUTC(), UUID::randomUUID)
                .create(new FileStorage(directory), name, 8 << 20, NewDiskType.DYNAMIC);
        return directory.resolve(name);
    }

    private void write(int bytes) throws IOException {
        FileStorage storage = new FileStorage(directory);
        byte[] data = new byte[bytes];
        Arrays.fill(data, (byte) 7);
        try (Layer layer = ChainFile.vhd(storage, "disk.vhd").openWritable(storage, null)) {
            layer.write(0, ByteBuffer.wrap(data));
        }
    }

    private void writeAt(long offset) throws IOException {
        try (FileChannel file = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {7}), offset);
        }
    }

    private void cutOff(int bytes) throws IOException {
        try (FileChannel file = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            file.truncate(file.size() - bytes);
        }
    }

    private void loseFooter() throws IOException {
        try (FileChannel file = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(512), file.size() - 512);
        }
    }

    private int check(String... arguments) {
        return run(new CommandLine(new VhdCheckCommand()), arguments);
    }

    private int repair(String... arguments) {
        return run(new CommandLine(new VhdRepairCommand()), arguments);
    }

    private int run(CommandLine command, String... arguments) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int exitCode = command.execute(arguments);
        assertThat(exitCode).as("%s: %s", Arrays.toString(arguments), err).isLessThan(2);
        return exitCode;
    }

    private JsonElement json() {
        return JsonParser.parseString(out.toString());
    }
}
