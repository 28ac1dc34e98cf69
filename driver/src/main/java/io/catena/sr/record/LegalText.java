package io.catena.sr.record;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.Locale;

/**
 * Texts that users give: every front end must be able to say them again, XML among them, so characters that XML forbids or
 * advises against are refused. XenServer's storage manager refuses the same ones.
 */
final class LegalText {
    private static final int SHOWN_CHARS = 200;

    private LegalText() {}

    /** Returns as much of a text that is damaged as a message can hold. */
    static String beginning(String text) {
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
    }

    /**
     * Returns {@code text}.
     *
     * @param what it is, for instance "name"
     * @throws SrException with {@link SrError#ILLEGAL_CHARACTER} if it has a forbidden character
     */
    static String check(String what, String text) {
        int at = 0;
        while (at < text.length()) {
            int character = text.codePointAt(at);
            if (isForbidden(character)) {
                throw new SrException(
                                SrError.ILLEGAL_CHARACTER,
                                String.format(
                                        Locale.ROOT,
                                        "The %s has the character U+%04X at position %d",
                                        what,
                                        character,
                                        at))
                        .correction("Leave out control characters and what is no character.");
            }
            at += Character.charCount(character);
        }
        return text;
    }

    private static boolean isForbidden(int character) {
        boolean control = character < 0x20 && character != '\t' && character != '\n' && character != '\r';
        boolean late = (character >= 0x7f && character <= 0x84) || (character >= 0x86 && character <= 0x9f);
        boolean half = character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
        boolean none = (character >= 0xfdd0 && character <= 0xfddf) || (character & 0xfffe) == 0xfffe;
        return control || late || half || none;
    }
}
