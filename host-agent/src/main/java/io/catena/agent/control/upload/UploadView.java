package io.catena.agent.control.upload;

/**
 * How far the upload of a disk has come.
 *
 * @param stream what its client calls the stream
 * @param offsetBytes how much of the stream has come; the rest is lacking
 * @param receiving whether it comes over some connection now
 */
public record UploadView(String stream, long offsetBytes, long lengthBytes, boolean receiving) {
    boolean isOf(HeldUploads.Part part) {
        return stream.equals(part.stream()) && lengthBytes == part.wholeBytes();
    }
}
