package io.catena.agent.cli.vhd;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes, zero included, as people write it: {@code 512M}, {@code 10G}, {@code 4096}; powers of 1024. */
record VhdSize(long bytes) {
    private static final String UNITS = "KMGT";
    private static final Pattern FORM = Pattern.compile("([0-9]{1,18})([KMGT])?", Pattern.CASE_INSENSITIVE);

    /** Reads sizes from the command line. */
    static final class Converter implements ITypeConverter<VhdSize> {
        @Override
        public VhdSize convert(String text) {
            return parse(text);
        }
    }

    private static VhdSize parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("\"" + text + "\" is no size; write for instance 512M, 10G or bytes");
        }
        String unit = matcher.group(2);
        int power = unit == null ? 0 : 1 + UNITS.indexOf(unit.toUpperCase(Locale.ROOT));
        try {
            return new VhdSize(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * power)));
        } catch (ArithmeticException e) {
            throw new TypeConversionException("\"" + text + "\" is more than " + Long.MAX_VALUE + " bytes");
        }
    }
}
