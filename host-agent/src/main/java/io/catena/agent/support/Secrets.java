package io.catena.agent.support;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes secrets out of texts, wherever somebody may have put them: certificates' keys, passwords, tokens. */
final class Secrets {
    private static final String HIDDEN = "***";

    private static final Pattern KEY_BLOCK =
            Pattern.compile("-----BEGIN [^-]*PRIVATE KEY-----.*?(-----END [^-]*PRIVATE KEY-----|\\z)", Pattern.DOTALL);

    /** In the address of a server, between the scheme and the host. */
    private static final Pattern USER_INFO = Pattern.compile("(?<=://)[^/@\\s\":]*+:[^/@\\s\"]*+(?=@)");

    private static final Pattern BEARER = Pattern.compile("(?i)(?<=\\b(?:Bearer|Basic) )[A-Za-z0-9+/=._~-]{8,}");

    /** A key that says so, up to its value. */
    private static final Pattern NAMED =
            Pattern.compile("(?i)(?:passw(?:or)?d|passphrase|secret|token|credential)s?\"?\\s*+[:=]\\s*+");

    private Secrets() {}

    /** Takes time in proportion to the length, whatever the text is: some of it is told by clients. */
    static String hidden(String text) {
        String hidden = KEY_BLOCK.matcher(text).replaceAll(HIDDEN);
        hidden = USER_INFO.matcher(hidden).replaceAll(HIDDEN);
        hidden = BEARER.matcher(hidden).replaceAll(HIDDEN);
        return withoutNamed(hidden);
    }

    private static String withoutNamed(String text) {
        StringBuilder hidden = new StringBuilder(text.length());
        Matcher named = NAMED.matcher(text);
        int done = 0;
        while (named.find(done)) {
            int end =
                    text.startsWith("\"", named.end()) ? endOfQuoted(text, named.end()) : endOfWord(text, named.end());
            hidden.append(text, done, named.end());
            if (end > named.end()) {
                hidden.append('"').append(HIDDEN).append('"');
            }
            done = end;
        }
        return hidden.append(text, done, text.length()).toString();
    }

    private static int endOfQuoted(String text, int from) {
        int at = from + 1;
        while (at < text.length() && text.charAt(at) != '"') {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        return Math.min(at + 1, text.length());
    }

    private static int endOfWord(String text, int from) {
        int at = from;
        while (at < text.length() && !Character.isWhitespace(text.charAt(at)) && ",;&".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return at;
    }
}
