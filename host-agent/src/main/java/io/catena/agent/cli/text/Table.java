package io.catena.agent.cli.text;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns, under a header. */
public final class Table {
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

    /** Returns the table, each line with its line end. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        appendLine(text, header.stream().map(Table::title).toList());
        rows.forEach(row -> appendLine(text, row));
        return text.toString();
    }

    private void appendLine(StringBuilder text, List<String> cells) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.size(); column++) {
            String cell = cells.get(column);
            String padding = " ".repeat(width(column) - length(cell));
            boolean right = header.get(column).startsWith(">");
            line.append(right ? padding + cell : cell + padding).append("  ");
        }
        text.append(line.toString().stripTrailing()).append('\n');
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
