package io.catena.agent.cli.text;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A number of bytes as people write it: {@code 512M}, {@code 1.5G}, {@code 1048576}. Units are powers of 1024; a part of a
 * byte is a byte.
 */
public record Size(long bytes) {
    private static final String UNITS = "KMGTP";
    private static final Pattern FORM =
            Pattern.compile("([0-9]{1,19})(?:((?:\\.[0-9]{1,9})?)([KMGTP])(?:i?B)?|B)?", Pattern.CASE_INSENSITIVE);

    /** Reads sizes from the command line, zero included. */
    public static final class Converter implements ITypeConverter<Size> {
        @Override
        public Size convert(String text) {
            return parse(text);
        }
    }

    /** Reads sizes of disks from the command line: above zero. */
    public static final class DiskConverter implements ITypeConverter<Size> {
        @Override
        public Size convert(String text) {
            Size size = parse(text);
            if (size.bytes == 0) {
                throw new TypeConversionException("\"" + text + "\" is no size for a disk; it must be above zero");
            }
            return size;
        }
    }

    /**
     * Reads a size.
     *
     * @throws TypeConversionException if {@code text} is not a size
     */
    public static Size parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException(
                    "\"" + text + "\" is not a size; write for instance 512M, 10G or a number of bytes");
        }
        String fraction = matcher.group(2) == null ? "" : matcher.group(2);
        int power = matcher.group(3) == null
                ? 0
                : 1 + UNITS.indexOf(matcher.group(3).toUpperCase(Locale.ROOT));
        try {
            return new Size(new BigDecimal(matcher.group(1) + fraction)
                    .multiply(BigDecimal.valueOf(1L << (10 * power)))
                    .setScale(0, RoundingMode.CEILING)
                    .longValueExact());
        } catch (ArithmeticException e) {
            throw new TypeConversionException("\"" + text + "\" is more than " + Long.MAX_VALUE + " bytes");
        }
    }

    /** In the form that is read; the command line asks for that of each option when it is put together. */
    @Override
    public String toString() {
        return Long.toString(bytes);
    }

    /** Returns a number of bytes for humans, three digits or so: {@code 1.5 GiB}. */
    public static String format(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        int power = 0;
        double value = bytes;
        while (value >= 1023.95 && power < UNITS.length()) {
            value /= 1024;
            power++;
        }
        return String.format(Locale.ROOT, "%.1f %ciB", value, UNITS.charAt(power - 1));
    }
}
