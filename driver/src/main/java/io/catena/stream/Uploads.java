package io.catena.stream;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.UploadStream;
import io.catena.api.VdiUpload;
import io.catena.format.CorruptVhdException;
import io.catena.format.Footer;
import io.catena.format.UnsupportedVhdException;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Begins to read streams that others made. What is wrong with one is the fault of who sends it. */
public final class Uploads {
    static final String NAME = "the stream";

    /** How images of VMware begin: sparse ones of two kinds, and descriptions of others. */
    private static final List<String> VMDK = List.of("KDMV", "COWD", "# Disk DescriptorFile");

    private static final int LONGEST_VMDK_BYTES = 21;
    private static final byte[] COOKIE = "conectix".getBytes(StandardCharsets.US_ASCII);

    private Uploads() {}

    @FunctionalInterface
    interface Reading<T> {
        T read() throws IOException;
    }

    /**
     * Reads the head of a stream.
     *
     * @param lengthBytes -1 if nobody knows
     * @param spools for streams that have to be kept
     */
    public static VdiUpload begin(
            StreamFormat format, ReadableByteChannel channel, long lengthBytes, Spool.Maker spools) throws IOException {
        ContentSource source = new ContentSource(channel);
        refuseVmdk(source);
        return switch (format) {
            case RAW -> raw(source, lengthBytes);
            case VHD -> vhd(source, lengthBytes);
            case QCOW2 -> Qcow2Upload.begin(source, lengthBytes, spools);
        };
    }

    /**
     * Reads on in a stream.
     *
     * @param head what {@link VdiUpload#writeHead} wrote down
     * @param rest the bytes from {@code from} on
     */
    public static VdiUpload goOn(UploadStream stream, ReadableByteChannel head, ReadableByteChannel rest, long from)
            throws IOException {
        ContentSource source = new ContentSource(rest, from);
        if (stream.format() == StreamFormat.RAW) {
            return FlatUpload.raw(source, stream.lengthBytes());
        }
        ContentSource packedHead = new ContentSource(head);
        return packedHead.isAtEnd()
                ? FlatUpload.fixed(source, stream.lengthBytes())
                : SparseUpload.goOn(packedHead, source);
    }

    /**
     * Returns how much room a stream needs on the SR: the blocks of a sparse VHD, and a qcow2 image as it is, since it is kept
     * before it is read. 0 if that is not known.
     */
    public static long neededBytes(VdiUpload upload) {
        if (upload instanceof Qcow2Upload image) {
            return image.spooledBytes();
        }
        return upload instanceof SparseUpload sparse ? sparse.presentBytes() : 0;
    }

    /** Taken for the sectors of a raw disk, it would become one that nobody can use. */
    private static void refuseVmdk(ContentSource source) throws IOException {
        ByteBuffer first = ByteBuffer.allocate(LONGEST_VMDK_BYTES);
        source.read(first);
        source.giveBack(first.flip());
        String text = StandardCharsets.ISO_8859_1.decode(first.duplicate()).toString();
        if (VMDK.stream().anyMatch(text::startsWith)) {
            throw new SrException(SrError.BAD_REQUEST, "The stream is an image of VMware (VMDK), which cannot be read")
                    .correction("Convert it first: qemu-img convert -O qcow2 IMAGE.vmdk IMAGE.qcow2; then import that"
                            + " with the format qcow2.");
        }
    }

    private static VdiUpload raw(ContentSource source, long lengthBytes) {
        if (lengthBytes <= 0) {
            throw lengthMissing("a raw disk", lengthBytes);
        }
        return FlatUpload.raw(source, lengthBytes);
    }

    /** A fixed VHD begins with the guest's data, any other one with a copy of its footer. */
    private static VdiUpload vhd(ContentSource source, long lengthBytes) throws IOException {
        ByteBuffer first = ByteBuffer.allocate(Footer.SIZE);
        source.readFully(first);
        if (first.slice(0, COOKIE.length).equals(ByteBuffer.wrap(COOKIE))) {
            return SparseUpload.begin(source, first);
        }
        if (lengthBytes < 0) {
            throw lengthMissing("a fixed VHD", lengthBytes);
        }
        source.giveBack(first);
        return FlatUpload.fixed(source, lengthBytes);
    }

    private static SrException lengthMissing(String what, long lengthBytes) {
        return new SrException(
                        SrError.BAD_REQUEST,
                        "The size of " + what + " is told by the number of its bytes, which is "
                                + (lengthBytes < 0 ? "not known" : lengthBytes))
                .correction(Advice.of("Give it: ")
                        .then(Remedy.of(Verb.VDI_IMPORT, "SR").with("size", "BYTES"))
                        .then("; or send a Content-Length."));
    }

    static <T> T check(Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (CorruptVhdException | UnsupportedVhdException e) {
            throw new SrException(SrError.BAD_REQUEST, "This VHD cannot be read: " + e.getMessage(), e)
                    .correction("See what is wrong with the file: ", Remedy.of(Verb.VHD_CHECK, "FILE"));
        }
    }

    static SrException strange(String what) {
        return new SrException(SrError.BAD_REQUEST, "The stream cannot be read: " + what)
                .correction("See what is wrong with the file: ", Remedy.of(Verb.VHD_CHECK, "FILE"));
    }
}
