package io.catena.harness.peer;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * {@code qemu-img} on VHD files, always told to take the size from the footer rather than from the geometry.
 *
 * <p>qemu ignores parents and sector bitmaps: it reads a differencing disk as if it stood alone, and a sector whose bit is
 * clear as whatever lies in the block.
 */
public final class QemuImg {
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private QemuImg() {}

    /** Returns what {@code qemu-img info} says of a VHD file, for instance {@code virtual-size} in bytes. */
    public static JsonObject info(Path vhd) throws IOException {
        return Programs.run(DEADLINE, "qemu-img", "info", "--output=json", "--image-opts", vhdOptions(vhd))
                .json()
                .getAsJsonObject();
    }

    /**
     * Creates an empty VHD file of exactly the size asked for.
     *
     * @param subformat "dynamic" or "fixed"
     */
    public static void create(Path vhd, String subformat, long sizeBytes) throws IOException {
        String options = "subformat=" + subformat + ",force_size=on";
        Programs.run(
                DEADLINE, "qemu-img", "create", "-f", "vpc", "-o", options, vhd.toString(), Long.toString(sizeBytes));
    }

    /**
     * Makes a VHD file, of exactly the size of {@code raw}, with the same content.
     *
     * @param subformat "dynamic" or "fixed"
     */
    public static void convertFromRaw(Path raw, Path vhd, String subformat) throws IOException {
        String options = "subformat=" + subformat + ",force_size=on";
        Programs.run(
                DEADLINE,
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                "vpc",
                "-o",
                options,
                raw.toString(),
                vhd.toString());
    }

    /** Writes the content of a VHD file, as qemu sees it, to a raw file. */
    public static void convertToRaw(Path vhd, Path raw) throws IOException {
        Programs.run(DEADLINE, "qemu-img", "convert", "--image-opts", vhdOptions(vhd), "-O", "raw", raw.toString());
    }

    /**
     * Returns whether a VHD file and a raw file have the same size and content.
     *
     * @throws IOException if either cannot be read
     */
    public static boolean isSame(Path vhd, Path raw) throws IOException {
        // "compare -s" is no help here: it wants the same holes, too.
        if (info(vhd).get("virtual-size").getAsLong() != Files.size(raw)) {
            return false;
        }
        String rawOptions = "driver=raw,file.driver=file,file.filename=" + escape(raw);
        Outcome outcome = Programs.tryRun(DEADLINE, "qemu-img", "compare", "--image-opts", vhdOptions(vhd), rawOptions);
        return switch (outcome.exitCode()) {
            case 0 -> true;
            case 1 -> false;
            default -> throw new IOException("failed: " + outcome);
        };
    }

    private static String vhdOptions(Path vhd) {
        return "driver=vpc,force_size_calc=current_size,file.driver=file,file.filename=" + escape(vhd);
    }

    /** A comma ends an option of qemu; two stand for one. */
    private static String escape(Path file) {
        return file.toString().replace(",", ",,");
    }
}
