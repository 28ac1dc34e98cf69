package io.catena.agent.support;

import java.util.regex.Pattern;

/** Takes secrets out of texts, wherever somebody may have put them: certificates' keys, passwords, tokens. */
final class Secrets {
    private static final String HIDDEN = "***";

    private static final Pattern KEY_BLOCK =
            Pattern.compile("-----BEGIN [^-]*PRIVATE KEY-----.*?(-----END [^-]*PRIVATE KEY-----|\\z)", Pattern.DOTALL);

    /** In the address of a server, between the scheme and the host. */
    private static final Pattern USER_INFO = Pattern.compile("(?<=://)[^/@\\s\"]*:[^/@\\s\"]*(?=@)");

    private static final Pattern BEARER = Pattern.compile("(?i)(?<=\\b(?:Bearer|Basic) )[A-Za-z0-9+/=._~-]{8,}");

    /** A key that says so, and its value up to what ends it. */
    private static final Pattern NAMED = Pattern.compile(
            "(?i)([\\w.-]*(?:passw(?:or)?d|passphrase|secret|token|credential)s?\"?\\s*[:=]\\s*)(\"(?:[^\"\\\\]|\\\\.)*\"|[^\\s,;&]+)");

    private Secrets() {}

    static String hidden(String text) {
        String hidden = KEY_BLOCK.matcher(text).replaceAll(HIDDEN);
        hidden = USER_INFO.matcher(hidden).replaceAll(HIDDEN);
        hidden = BEARER.matcher(hidden).replaceAll(HIDDEN);
        return NAMED.matcher(hidden).replaceAll("$1\"" + HIDDEN + "\"");
    }
}
