package io.catena.api;

import java.util.Arrays;
import java.util.stream.Collectors;

/** A way to reach a disk that is active. Over NBD all of them are; the others are asked for. */
public enum ExportKind {
    NBD("nbd", "an NBD export"),
    BLOCK("block", "a block device");

    private final String symbol;
    private final String text;

    ExportKind(String symbol, String text) {
        this.symbol = symbol;
        this.text = text;
    }

    /** The name in files, requests and commands. */
    public String symbol() {
        return symbol;
    }

    /** What a disk is then: "a block device". */
    public String text() {
        return text;
    }

    /**
     * Returns the kind of a name.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if there is none
     */
    public static ExportKind of(String symbol) {
        return Arrays.stream(values())
                .filter(kind -> kind.symbol.equals(symbol))
                .findFirst()
                .orElseThrow(() -> new SrException(
                        SrError.BAD_REQUEST,
                        "A VDI cannot be attached as \"" + symbol + "\", only as "
                                + Arrays.stream(values())
                                        .map(kind -> "\"" + kind.symbol + "\"")
                                        .collect(Collectors.joining(" or "))));
    }
}
