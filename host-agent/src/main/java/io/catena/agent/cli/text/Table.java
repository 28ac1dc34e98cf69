package io.catena.agent.cli.text;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns, under a header. */
public final class Table {
    private static final String GAP = "  ";

    /** Stands where text was cut off. */
    private static final String CUT = "..";

    /** To less than this no text is cut. */
    private static final int MIN_TEXT = 12;

    private final List<String> header;
    private final List<List<String>> rows = new ArrayList<>();

    /**
     * @param header the columns' titles; one that starts with ">" has its column aligned to the right
     */
    public Table(String... header) {
        this.header = List.of(header);
    }

    /** Adds a row. */
    public Table row(Object... cells) {
        if (cells.length != header.size()) {
            throw new IllegalArgumentException(cells.length + " cells in a table of " + header.size() + " columns");
        }
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            row.add(printable(cell.toString()));
        }
        rows.add(row);
        return this;
    }

    /** Returns {@code text} with nothing in it that would move a terminal's cursor. */
    public static String printable(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints().map(c -> Character.isISOControl(c) ? '?' : c).forEach(shown::appendCodePoint);
        return shown.toString();
    }

    /** Returns the table at its full width, each line with its line end. */
    @Override
    public String toString() {
        return on(Screen.NONE);
    }

    /** Returns the table as wide as a screen, each line with its line end; what does not fit is cut off, ids never. */
    public String on(Screen screen) {
        int[] widths = widths(screen.lineLength());
        StringBuilder text = new StringBuilder();
        text.append(screen.bold(line(header.stream().map(Table::title).toList(), widths)))
                .append('\n');
        rows.forEach(row -> text.append(line(row, widths)).append('\n'));
        return text.toString();
    }

    private String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.size(); column++) {
            String cell = cut(cells.get(column), widths[column]);
            String padding = " ".repeat(widths[column] - length(cell));
            line.append(isRight(column) ? padding + cell : cell + padding).append(GAP);
        }
        return line.toString().stripTrailing();
    }

    /** Takes from the widest texts what is too much, as long as something can be read of them. */
    private int[] widths(int lineLength) {
        int[] widths = new int[header.size()];
        int total = -GAP.length();
        for (int column = 0; column < widths.length; column++) {
            widths[column] = width(column);
            total += widths[column] + GAP.length();
        }
        while (total > lineLength) {
            int widest = widestText(widths);
            if (widest < 0) {
                break;
            }
            widths[widest]--;
            total--;
        }
        return widths;
    }

    /** The first column says which row it is, and numbers without their ends are wrong: both stay whole. */
    private int widestText(int[] widths) {
        int widest = -1;
        for (int column = 1; column < widths.length; column++) {
            if (!isRight(column) && widths[column] > MIN_TEXT && (widest < 0 || widths[column] > widths[widest])) {
                widest = column;
            }
        }
        return widest;
    }

    private static String cut(String cell, int width) {
        return length(cell) <= width ? cell : cell.substring(0, cell.offsetByCodePoints(0, width - CUT.length())) + CUT;
    }

    private boolean isRight(int column) {
        return header.get(column).startsWith(">");
    }

    private int width(int column) {
        return rows.stream()
                .mapToInt(row -> length(row.get(column)))
                .reduce(length(title(header.get(column))), Math::max);
    }

    private static int length(String cell) {
        return cell.codePointCount(0, cell.length());
    }

    private static String title(String header) {
        return header.startsWith(">") ? header.substring(1) : header;
    }
}
