package io.catena.agent.cli.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.catena.store.FileStorage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

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
        assertThat(out).hasToString(String.format("%14d %14d  hole  -%n", 0, SIZE));
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
        assertThat(run("info", file("c/leaf.vhd"))).isZero();
        assertThat(out.toString()).contains("locator MacX    ./../p/q/base.vhd", "chain depth     2");
        assertThat(run("digest", file("c/leaf.vhd"))).isZero();
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
        return new CommandLine(new VhdCommand(new ByteArrayInputStream(input), output))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .setCaseInsensitiveEnumValuesAllowed(true)
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
