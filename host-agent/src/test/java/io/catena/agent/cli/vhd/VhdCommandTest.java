package io.catena.agent.cli.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.catena.store.FileStorage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Tag("slow")
final class VhdCommandTest {
    private static final int SIZE = 8 << 20;

    @TempDir
    Path directory;

    private byte[] input = {};
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aNewDiskIsEmptyAndItsSizeRounded() {
        assertThat(run("create", file("a.vhd"), "--size", "7M", "--json")).isZero();
        assertThat(json().getAsJsonObject().get("virtualSizeBytes").getAsLong()).isEqualTo(SIZE);
        assertThat(run("map", file("a.vhd"))).isZero();
        assertThat(out).hasToString(String.format(Locale.ROOT, "%14d %14d  hole  -%n", 0, SIZE));
    }

    @Test
    void whatIsWrittenIsReadThroughTheChain() throws Exception {
        run("create", file("base.vhd"), "--size", "8M");
        byte[] expected = new byte[SIZE];
        write("base.vhd", 1000, bytes(5000, 1), expected);
        assertThat(run("snapshot", file("child.vhd"), "--parent", file("base.vhd")))
                .isZero();
        write("child.vhd", 3 << 20, bytes(100_000, 2), expected);
        assertThat(run("read", file("child.vhd"))).isZero();
        assertThat(output.toByteArray()).isEqualTo(expected);
        assertThat(run("read", file("child.vhd"), "--offset", "999", "--length", "2K"))
                .isZero();
        assertThat(output.toByteArray()).isEqualTo(Arrays.copyOfRange(expected, 999, 999 + 2048));
        assertThat(run("digest", file("child.vhd"))).isZero();
        assertThat(out).hasToString(sha256(expected) + "  " + file("child.vhd") + "\n");
    }

    @Test
    void aSnapshotFindsAParentInAnotherDirectory() throws Exception {
        Files.createDirectories(directory.resolve("p/q"));
        Files.createDirectories(directory.resolve("c"));
        run("create", file("p/q/base.vhd"), "--size", "8M");
        byte[] expected = new byte[SIZE];
        write("p/q/base.vhd", 512, bytes(512, 1), expected);
        assertThat(run("snapshot", file("c/leaf.vhd"), "--parent", file("p/q/base.vhd")))
                .isZero();
        assertThat(run("info", file("c/leaf.vhd"), "--allow-parent", file("p"))).isZero();
        assertThat(out.toString()).contains("locator MacX    ./../p/q/base.vhd", "chain depth     2");
        assertThat(run("check", "--chain", file("c/leaf.vhd"), "--allow-parent", file("p")))
                .isZero();
        assertThat(run("digest", file("c/leaf.vhd"))).isEqualTo(1);
        assertThat(err.toString()).contains("--allow-parent " + file("p/q"));
        assertThat(run("digest", "--allow-parent", file("c"), "--allow-parent", file("p"), file("c/leaf.vhd")))
                .isZero();
        assertThat(out.toString()).startsWith(sha256(expected));
    }

    @Test
    void mapTellsFilesZerosAndHolesApart() throws Exception {
        run("create", file("base.vhd"), "--size", "8M");
        write("base.vhd", 0, bytes(8192, 1), new byte[SIZE]);
        run("snapshot", file("child.vhd"), "--parent", file("base.vhd"));
        write("child.vhd", 4096, new byte[4096], new byte[SIZE]);
        assertThat(run("map", file("child.vhd"), "--zeros", "--json")).isZero();
        assertThat(json().toString())
                .isEqualTo("[{\"offset\":0,\"length\":4096,\"kind\":\"DATA\",\"file\":\"base.vhd\"},"
                        + "{\"offset\":4096,\"length\":4096,\"kind\":\"ZERO\",\"file\":\"child.vhd\"},"
                        + "{\"offset\":8192,\"length\":8380416,\"kind\":\"HOLE\"}]");
    }

    @Test
    void infoTellsWhatIsInTheFile() {
        run("create", file("a.vhd"), "--size", "8M");
        assertThat(run("info", file("a.vhd"), "--json")).isZero();
        var info = json().getAsJsonArray().get(0).getAsJsonObject();
        assertThat(info.get("virtualSizeBytes").getAsLong()).isEqualTo(SIZE);
        assertThat(info.get("fileSizeBytes").getAsLong()).isEqualTo(3584);
        assertThat(info.get("footers").getAsString()).isEqualTo("BOTH");
        assertThat(info.get("chainDepth").getAsInt()).isEqualTo(1);
        assertThat(info.getAsJsonObject("blocks").get("allocated").getAsInt()).isZero();
    }

    @Test
    void digestGoesOnAfterAFileThatCannotBeRead() throws Exception {
        Files.write(directory.resolve("bad.vhd"), new byte[4096]);
        run("create", file("good.vhd"), "--size", "2M");
        assertThat(run("digest", file("bad.vhd"), file("none.vhd"), file("good.vhd")))
                .isEqualTo(1);
        assertThat(out).hasToString(sha256(new byte[2 << 20]) + "  " + file("good.vhd") + "\n");
        assertThat(err.toString())
                .contains("catena: cannot read " + file("bad.vhd"))
                .contains("no valid footer")
                .contains("no such file");
    }

    @Test
    void aFailureIsADocumentToo() {
        assertThat(run("digest", file("none.vhd"), "--json")).isEqualTo(1);
        var error = json().getAsJsonObject().getAsJsonObject("error");
        assertThat(error.get("code").getAsString()).isEqualTo("VDI_MISSING");
        assertThat(error.get("message").getAsString()).contains("none.vhd");
        assertThat(error.get("correction").getAsString()).isNotEmpty();
    }

    @Test
    void whatExistsIsNotOverwritten() throws Exception {
        Files.writeString(directory.resolve("a.vhd"), "mine");
        assertThat(run("create", file("a.vhd"), "--size", "8M")).isEqualTo(1);
        assertThat(err.toString()).contains("exists already");
        assertThat(directory.resolve("a.vhd")).hasContent("mine");
    }

    @Test
    void aDiskCannotBeItsOwnParent() {
        run("create", file("a.vhd"), "--size", "8M");
        assertThat(run("snapshot", file("a.vhd"), "--parent", file("a.vhd"))).isEqualTo(1);
        assertThat(run("digest", file("a.vhd"))).isZero();
    }

    @Test
    void noDiskIsLargerThan2040Gibibytes() {
        assertThat(run("create", file("a.vhd"), "--size", "2041G")).isEqualTo(1);
        assertThat(err.toString()).contains("2040 GiB");
        assertThat(run("create", file("a.vhd"), "--size", "2040G")).isZero();
    }

    @Test
    void aParentIsNotWritten() {
        run("create", file("base.vhd"), "--size", "8M");
        run("snapshot", file("child.vhd"), "--parent", file("base.vhd"));
        input = new byte[512];
        assertThat(run("write", file("base.vhd"), "--offset", "0")).isEqualTo(1);
        assertThat(err.toString()).contains("is the parent of child.vhd");
    }

    @Test
    void nothingIsWrittenBeyondTheEnd() {
        run("create", file("a.vhd"), "--size", "2M");
        input = new byte[513];
        assertThat(run("write", file("a.vhd"), "--offset", Integer.toString((2 << 20) - 512)))
                .isEqualTo(1);
        assertThat(err.toString()).contains("do not lie within the disk of 2097152 bytes");
    }

    @Test
    void anSrThatIsAttachedIsNotWritten() throws Exception {
        run("create", file("a.vhd"), "--size", "2M");
        Files.createDirectories(directory.resolve(".catena"));
        Files.writeString(directory.resolve(".catena/sr.json"), "{}");
        input = new byte[512];
        assertThat(run("write", file("a.vhd"), "--offset", "0")).isZero();
        try (Closeable lock = new FileStorage(directory).lock(".catena/lock")) {
            assertThat(lock).isNotNull();
            assertThat(run("write", file("a.vhd"), "--offset", "0", "--json")).isEqualTo(1);
            assertThat(run("create", file("b.vhd"), "--size", "2M")).isEqualTo(1);
        }
        assertThat(err.toString()).contains("an SR that is attached", "detach the SR");
        assertThat(directory.resolve("b.vhd")).doesNotExist();
    }

    @Test
    void anSrThatNeedsRecoveryIsNotWritten() throws Exception {
        run("create", file("a.vhd"), "--size", "2M");
        Files.createDirectories(directory.resolve(".catena"));
        Files.writeString(directory.resolve(".catena/sr.json"), "{}");
        Files.writeString(directory.resolve(".catena/session.json"), "{}");
        assertThat(run("write", file("a.vhd"), "--offset", "0")).isEqualTo(1);
        assertThat(err.toString()).contains("needs recovery");
    }

    @Test
    void aFixedDiskIsItsSizeAndAFooter() {
        assertThat(run("create", file("f.vhd"), "--size", "2M", "--type", "fixed"))
                .isZero();
        assertThat(directory.resolve("f.vhd")).hasSize((2 << 20) + 512);
    }

    @Test
    void itWorksAlone() {
        int exitCode = new CommandLine(new VhdCommand())
                .setOut(new PrintWriter(out))
                .execute("create", file("a.vhd"), "--size", "8M", "--json");
        assertThat(exitCode).isZero();
        assertThat(json().getAsJsonObject().get("file").getAsString()).isEqualTo(file("a.vhd"));
    }

    @Test
    void aDiskGrowsWithinItsReserve() throws Exception {
        run("create", file("a.vhd"), "--size", "8M", "--reserve", "1G");
        byte[] expected = new byte[SIZE];
        write("a.vhd", 4096, bytes(9000, 3), expected);
        assertThat(run("resize", file("a.vhd"), "512M", "--json")).isZero();
        assertThat(json().getAsJsonObject().get("virtualSizeBytes").getAsLong()).isEqualTo(512L << 20);
        assertThat(run("resize", file("a.vhd"), "1M")).isZero();
        assertThat(run("resize", file("a.vhd"), "0")).isEqualTo(1);
        assertThat(run("resize", file("a.vhd"))).isZero();
        assertThat(out.toString()).contains("nothing was interrupted");
    }

    @Test
    void anInterruptedResizeIsRefusedByReadersAndCompleted() throws Exception {
        run("create", file("a.vhd"), "--size", "8M");
        Files.writeString(
                directory.resolve("a.vhd.catena-journal"),
                "{\"operation\":\"Rewrite\",\"file\":\"a.vhd\",\"patches\":[],\"sizeBytes\":"
                        + Files.size(directory.resolve("a.vhd")) + "}");
        assertThat(run("info", file("a.vhd"))).isEqualTo(1);
        assertThat(err.toString()).contains("an interrupted resize must be completed", "catena vhd resize a.vhd");
        assertThat(run("resize", file("a.vhd"))).isZero();
        assertThat(out.toString()).contains("completed");
        assertThat(run("info", file("a.vhd"))).isZero();
    }

    @Test
    void coalesceGrowsTheParentAndTakesTheChildAway() throws Exception {
        run("create", file("p.vhd"), "--size", "8M");
        byte[] expected = new byte[SIZE];
        write("p.vhd", 0, bytes(10_240, 1), expected);
        run("snapshot", file("c.vhd"), "--parent", file("p.vhd"));
        write("c.vhd", 4096, bytes(512, 2), expected);
        write("c.vhd", 5 << 20, bytes(4096, 3), expected);
        assertThat(run("resize", file("c.vhd"), "600M")).isZero();
        assertThat(run("coalesce", file("c.vhd"), "--delete", "--json")).isZero();
        assertThat(json().getAsJsonObject().get("bytes").getAsLong()).isEqualTo(4608);
        assertThat(directory.resolve("c.vhd")).doesNotExist();
        assertThat(run("read", file("p.vhd"), "--length", "8M")).isZero();
        assertThat(output.toByteArray()).isEqualTo(expected);
        assertThat(run("info", file("p.vhd"))).isZero();
        assertThat(out.toString()).contains((600 << 20) + " bytes");
    }

    @Test
    void coalesceIntoARawFileInAnotherDirectory() throws Exception {
        Files.createDirectories(directory.resolve("base"));
        byte[] expected = bytes(SIZE, 7);
        Files.write(directory.resolve("base/p.raw"), expected);
        run("snapshot", file("c.vhd"), "--parent", file("base/p.raw"));
        write("c.vhd", 8192, bytes(100_352, 2), expected);
        assertThat(run("coalesce", file("c.vhd"))).as("%s", err).isZero();
        assertThat(directory.resolve("base/p.raw")).hasBinaryContent(expected);
        assertThat(directory.resolve("c.vhd")).exists();
    }

    @Test
    void coalesceRefusesAParentWithOtherChildren() {
        run("create", file("p.vhd"), "--size", "8M");
        run("snapshot", file("c.vhd"), "--parent", file("p.vhd"));
        run("snapshot", file("d.vhd"), "--parent", file("p.vhd"));
        assertThat(run("coalesce", file("c.vhd"))).isEqualTo(1);
        assertThat(err.toString()).contains("also the parent of d.vhd");
        assertThat(run("coalesce", file("p.vhd"))).isEqualTo(1);
        assertThat(err.toString()).contains("has no parent");
    }

    @Test
    void reparentMovesBlocksWhenThePathNeedsMoreRoom() throws Exception {
        String far = "d".repeat(200) + "/" + "e".repeat(200) + "/" + "f".repeat(200);
        Files.createDirectories(directory.resolve(far));
        run("create", file("p.vhd"), "--size", "8M");
        byte[] expected = new byte[SIZE];
        write("p.vhd", 0, bytes(4096, 1), expected);
        run("create", file(far + "/q.vhd"), "--size", "8M");
        write(far + "/q.vhd", 0, bytes(4096, 4), new byte[SIZE]);
        run("snapshot", file("c.vhd"), "--parent", file("p.vhd"));
        write("c.vhd", 4096, bytes(SIZE - 4096, 2), expected);
        assertThat(run("reparent", file("c.vhd"), "--parent", file(far + "/q.vhd")))
                .as("%s", err)
                .isZero();
        Arrays.fill(expected, 0, 4096, (byte) 4);
        assertThat(run("digest", file("c.vhd"))).as("%s", err).isZero();
        assertThat(out.toString()).startsWith(sha256(expected));
        assertThat(run("reparent", file("c.vhd"), "--parent", file("p.vhd"))).isZero();
        Arrays.fill(expected, 0, 4096, (byte) 1);
        assertThat(run("digest", file("c.vhd"))).isZero();
        assertThat(out.toString()).startsWith(sha256(expected));
    }

    @Test
    void reparentRefusesCirclesAndLargerParents() {
        run("create", file("p.vhd"), "--size", "8M");
        run("create", file("large.vhd"), "--size", "10M");
        run("snapshot", file("c.vhd"), "--parent", file("p.vhd"));
        run("snapshot", file("d.vhd"), "--parent", file("c.vhd"));
        assertThat(run("reparent", file("c.vhd"), "--parent", file("d.vhd"))).isEqualTo(1);
        assertThat(err.toString()).contains("builds on c.vhd");
        assertThat(run("reparent", file("c.vhd"), "--parent", file("large.vhd")))
                .isEqualTo(1);
        assertThat(err.toString()).contains("would cut it off");
        assertThat(run("reparent", file("p.vhd"), "--parent", file("large.vhd")))
                .isEqualTo(1);
        assertThat(err.toString()).contains("no differencing disk");
    }

    @Test
    void setWritesTheHiddenFlagAndTheMarker() throws Exception {
        run("create", file("a.vhd"), "--size", "8M");
        assertThat(run("set", file("a.vhd"), "--hidden", "on", "--marker", "200"))
                .isZero();
        assertThat(run("info", file("a.vhd"))).isZero();
        assertThat(out.toString()).contains("hidden          true");
        assertThat(Files.readAllBytes(directory.resolve("a.vhd"))[2048 + 28]).isEqualTo((byte) 200);
        assertThat(run("set", file("a.vhd"), "--hidden", "off")).isZero();
        assertThat(run("info", file("a.vhd"))).isZero();
        assertThat(out.toString()).contains("hidden          false");
        assertThat(run("set", file("a.vhd"), "--marker", "256")).isEqualTo(1);
    }

    @Test
    void scanShowsTheTreeAndNamesBadFiles() throws Exception {
        run("create", file("p.vhd"), "--size", "8M");
        run("snapshot", file("c.vhd"), "--parent", file("p.vhd"));
        run("create", file("fixed.vhd"), "--size", "2M", "--type", "fixed");
        assertThat(run("scan", directory.toString())).isZero();
        assertThat(out.toString()).contains("└─ " + file("c.vhd"));
        Files.writeString(directory.resolve("bad.vhd"), "x");
        assertThat(run("scan", directory.toString(), "--json")).isEqualTo(1);
        assertThat(json().getAsJsonObject().getAsJsonArray("done")).hasSize(4);
        assertThat(json().toString()).contains("no valid footer");
    }

    @Test
    void scanOfACircleEnds() throws Exception {
        run("create", file("p.vhd"), "--size", "8M");
        run("snapshot", file("a.vhd"), "--parent", file("p.vhd"));
        run("snapshot", file("b.vhd"), "--parent", file("a.vhd"));
        Files.delete(directory.resolve("p.vhd"));
        // a.vhd, given the id of p.vhd for its own, is its own parent
        copyParentIdToUniqueId("a.vhd");
        assertThat(run("scan", directory.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("its parents lead in a circle");
    }

    @Test
    void convertFlattensAndKeepsHoles() throws Exception {
        run("create", file("p.vhd"), "--size", "8M");
        byte[] expected = new byte[SIZE];
        write("p.vhd", 4096, bytes(10_240, 1), expected);
        run("snapshot", file("c.vhd"), "--parent", file("p.vhd"));
        write("c.vhd", 6 << 20, new byte[1 << 20], expected);
        write("c.vhd", 5 << 20, bytes(512, 2), expected);
        for (String format : new String[] {"dynamic", "fixed"}) {
            assertThat(run("convert", file("c.vhd"), file(format + ".vhd"), "--to", format))
                    .isZero();
            assertThat(run("digest", file(format + ".vhd"))).isZero();
            assertThat(out.toString()).startsWith(sha256(expected));
        }
        assertThat(run("map", file("dynamic.vhd"), "--json")).isZero();
        assertThat(json().getAsJsonArray()).hasSize(5);
        assertThat(run("convert", file("c.vhd"), file("c.raw"), "--to", "raw")).isZero();
        assertThat(directory.resolve("c.raw")).hasBinaryContent(expected);
        assertThat(run("convert", file("c.vhd"), "-", "--to", "raw")).isZero();
        assertThat(output.toByteArray()).isEqualTo(expected);
        assertThat(run("convert", file("c.vhd"), file("c.raw"), "--to", "raw")).isEqualTo(1);
        assertThat(err.toString()).contains("exists already");
    }

    @Test
    void noToolChangesAFileOfAnAttachedSr() throws Exception {
        run("create", file("p.vhd"), "--size", "8M");
        run("snapshot", file("c.vhd"), "--parent", file("p.vhd"));
        Files.createDirectories(directory.resolve(".catena"));
        Files.writeString(directory.resolve(".catena/sr.json"), "{}");
        try (Closeable lock = new FileStorage(directory).lock(".catena/lock")) {
            assertThat(lock).isNotNull();
            for (String[] arguments : new String[][] {
                {"resize", file("c.vhd"), "16M"},
                {"resize", file("c.vhd")},
                {"coalesce", file("c.vhd")},
                {"reparent", file("c.vhd"), "--parent", file("p.vhd")},
                {"set", file("c.vhd"), "--hidden", "on"},
                {"set", file("c.vhd"), "--marker", "1"},
                {"convert", file("p.vhd"), file("new.vhd"), "--to", "fixed"}
            }) {
                assertThat(run(arguments)).as("%s", arguments[0]).isEqualTo(1);
                assertThat(err.toString()).contains("an SR that is attached");
            }
        }
    }

    private void copyParentIdToUniqueId(String name) {
        try {
            byte[] bytes = Files.readAllBytes(directory.resolve(name));
            for (int footer : new int[] {0, bytes.length - 512}) {
                System.arraycopy(bytes, 512 + 40, bytes, footer + 68, 16);
                ByteBuffer.wrap(bytes).putInt(footer + 64, 0);
                int sum = 0;
                for (int i = footer; i < footer + 512; i++) {
                    sum += Byte.toUnsignedInt(bytes[i]);
                }
                ByteBuffer.wrap(bytes).putInt(footer + 64, ~sum);
            }
            Files.write(directory.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void wrongUsageIsTold() {
        assertThat(run("create", file("a.vhd"), "--size", "much")).isEqualTo(2);
        assertThat(run("write", file("a.vhd"))).isEqualTo(2);
    }

    private void write(String name, int offset, byte[] bytes, byte[] expected) {
        input = bytes;
        assertThat(run("write", file(name), "--offset", Integer.toString(offset)))
                .as("%s", err)
                .isZero();
        System.arraycopy(bytes, 0, expected, offset, bytes.length);
    }

    private int run(String... arguments) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        output.reset();
        return new CommandLine(new VhdCommand(new ByteArrayInputStream(input), output, null))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    private JsonElement json() {
        return JsonParser.parseString(out.toString());
    }

    private String file(String name) {
        return directory.resolve(name).toString();
    }

    private static byte[] bytes(int count, int fill) {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, (byte) fill);
        return bytes;
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
