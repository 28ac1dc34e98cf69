package io.catena.agent.support;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/** Writes texts into a compressed archive. Source: {@code tar(5)}, the format ustar. For one thread. */
final class TarGz implements Closeable {
    private static final int RECORD_BYTES = 512;
    private static final int MOST_NAME_BYTES = 100;
    private static final int MODE_AT = 100;
    private static final int OWNER_AT = 108;
    private static final int GROUP_AT = 116;
    private static final int SIZE_AT = 124;
    private static final int TIME_AT = 136;
    private static final int SUM_AT = 148;
    private static final int KIND_AT = 156;
    private static final int MAGIC_AT = 257;

    private final OutputStream out;
    private final long seconds;

    /**
     * @param out is closed with the archive
     * @param seconds the time of all files, since 1970
     */
    TarGz(OutputStream out, long seconds) throws IOException {
        this.out = new GZIPOutputStream(out);
        this.seconds = seconds;
    }

    /**
     * Adds a file that only its owner may read.
     *
     * @throws IOException also if its name is longer than 100 bytes
     */
    void add(String name, String text) throws IOException {
        byte[] content = text.getBytes(UTF_8);
        out.write(header(name, content.length));
        out.write(content);
        out.write(new byte[-content.length & (RECORD_BYTES - 1)]);
    }

    private byte[] header(String name, int length) throws IOException {
        byte[] header = new byte[RECORD_BYTES];
        byte[] nameBytes = name.getBytes(UTF_8);
        if (nameBytes.length > MOST_NAME_BYTES) {
            throw new IOException("the name " + name + " is too long for an archive");
        }
        System.arraycopy(nameBytes, 0, header, 0, nameBytes.length);
        put(header, MODE_AT, "0000600");
        put(header, OWNER_AT, "0000000");
        put(header, GROUP_AT, "0000000");
        put(header, SIZE_AT, String.format(Locale.ROOT, "%011o", length));
        put(header, TIME_AT, String.format(Locale.ROOT, "%011o", seconds));
        put(header, SUM_AT, "        ");
        put(header, KIND_AT, "0");
        put(header, MAGIC_AT, "ustar\00000");
        int sum = 0;
        for (byte one : header) {
            sum += one & 0xff;
        }
        put(header, SUM_AT, String.format(Locale.ROOT, "%06o\0", sum));
        return header;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    @Override
    public void close() throws IOException {
        try (OutputStream closing = out) {
            closing.write(new byte[2 * RECORD_BYTES]);
        }
    }
}
