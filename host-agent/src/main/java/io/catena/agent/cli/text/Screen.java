package io.catena.agent.cli.text;

import java.util.Map;

/**
 * What text is shown on.
 *
 * @param columns how many characters a line may have
 * @param colours whether text may be bold or coloured
 */
public record Screen(int columns, boolean colours) {
    /** A file or a pipe: lines of any length. */
    public static final Screen NONE = new Screen(Integer.MAX_VALUE, false);

    /** Set by the launcher to the terminal's width. */
    private static final String COLUMNS = "CATENA_COLUMNS";

    private static final int FEWEST_COLUMNS = 40;

    /** Returns the terminal that the environment describes; colours are a matter of NO_COLOR (no-color.org) and TERM. */
    public static Screen terminal(Map<String, String> environment) {
        boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "dumb").equals("dumb");
        String columns = environment.getOrDefault(COLUMNS, "");
        return new Screen(columns.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(columns) : NONE.columns, colours);
    }

    /** Returns how many columns a line has, wide enough for a table to make sense. */
    int lineLength() {
        return Math.max(columns, FEWEST_COLUMNS);
    }

    String bold(String text) {
        return colours ? "\u001b[1m" + text + "\u001b[0m" : text;
    }
}
