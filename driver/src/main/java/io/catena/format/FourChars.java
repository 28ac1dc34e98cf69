package io.catena.format;

/** Codes of four ASCII characters, which VHD files hold as integers. */
public final class FourChars {
    private FourChars() {}

    /** Returns the characters, without blanks and zeros at the end; "?" for what is not printable. */
    public static String of(int code) {
        StringBuilder text = new StringBuilder();
        for (int shift = 24; shift >= 0; shift -= 8) {
            int c = code >>> shift & 0xff;
            text.append(c == 0 ? ' ' : c > 0x20 && c < 0x7f ? (char) c : c == 0x20 ? ' ' : '?');
        }
        return text.toString().stripTrailing();
    }
}
