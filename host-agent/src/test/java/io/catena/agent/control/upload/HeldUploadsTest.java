package io.catena.agent.control.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Streams whose connections break off. */
@Timeout(20)
class HeldUploadsTest {
    private static final HeldUploads.Key KEY =
            new HeldUploads.Key(new SrId(UUID.randomUUID()), new VdiId(UUID.randomUUID()), "token a");
    private static final String CONTENT = "0123456789";

    /** How the making of a disk ended. */
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    private final HeldUploads uploads = new HeldUploads(Duration.ofSeconds(15));

    /** What an earlier agent has left. */
    private Optional<UploadView> left = Optional.empty();

    /** What is wrong with the disk. */
    private @Nullable SrException refusal;

    private final Making making = new Making() {
        @Override
        public Vdi of(ReadableByteChannel stream) {
            return made(stream);
        }

        @Override
        public Optional<UploadView> left() {
            return left;
        }

        @Override
        public Vdi ofRest(ReadableByteChannel rest) {
            ends.add("rest");
            return made(rest);
        }
    };

    @Test
    void itGoesOnWhereItWas() throws Exception {
        assertRefused(uploads, "monday", 0, broken("0123"), "broke off");
        assertThat(uploads.view(KEY, making)).isEqualTo(new UploadView("monday", 4, CONTENT.length(), false));
        assertRefused(uploads, "monday", 3, whole("3456789"), "expected 4");
        assertRefused(uploads, "tuesday", 4, whole("456789"), "another stream");
        assertRefused(uploads, "monday", 4, whole("45"), "broke off");

        Vdi made = take(uploads, "monday", 6, whole("6789"));

        assertThat(made.vdi()).isEqualTo(KEY.vdi());
        assertThat(ends.poll(10, TimeUnit.SECONDS)).isEqualTo(CONTENT);
        assertGone(uploads);
    }

    @Test
    void nobodyElseGoesOnWithIt() {
        assertRefused(uploads, "monday", 0, broken("0123"), "broke off");

        assertThatThrownBy(() -> uploads.view(new HeldUploads.Key(KEY.sr(), KEY.vdi(), "token b"), making))
                .isInstanceOf(SrException.class);
        uploads.drop(KEY);
    }

    @Test
    void nothingIsLeftOfOneThatNobodyGoesOnWith() throws Exception {
        HeldUploads impatient = new HeldUploads(Duration.ofMillis(50));
        assertRefused(impatient, "monday", 0, broken("0123"), "broke off");

        assertThat(ends.poll(10, TimeUnit.SECONDS)).contains("nobody went on");
        impatient.drop(KEY);
        assertGone(impatient);
    }

    @Test
    void nothingIsLeftOfOneThatIsDropped() {
        assertRefused(uploads, "monday", 0, broken("0123"), "broke off");

        uploads.drop(KEY);

        assertThat(ends.poll()).contains("given up");
        assertGone(uploads);
        uploads.drop(KEY);
    }

    @Test
    void itGoesOnWhereAnEarlierAgentWas() throws Exception {
        left = Optional.of(new UploadView("monday", 4, CONTENT.length(), false));
        assertThat(uploads.view(KEY, making)).isEqualTo(left.get());
        assertRefused(uploads, "monday", 6, whole("6789"), "expected 4");
        assertRefused(uploads, "tuesday", 4, whole("456789"), "another stream");
        assertThat(ends).isEmpty();
        assertRefused(uploads, "monday", 4, broken("45"), "broke off");
        assertThat(uploads.view(KEY, making).offsetBytes()).isEqualTo(6);

        take(uploads, "monday", 6, whole("6789"));

        assertThat(ends.poll(10, TimeUnit.SECONDS)).isEqualTo("rest");
        assertThat(ends.poll(10, TimeUnit.SECONDS)).isEqualTo("456789");
    }

    @Test
    void oneFromTheBeginningTakesThePlaceOfWhatCame() {
        assertRefused(uploads, "monday", 0, broken("wrong"), "broke off");

        Vdi made = take(uploads, "monday", 0, whole(CONTENT));

        assertThat(made.vdi()).isEqualTo(KEY.vdi());
        assertThat(ends.poll()).contains("given up");
        assertThat(ends.poll()).isEqualTo(CONTENT);
    }

    @Test
    void whatIsWrongWithTheDiskIsToldAndEndsIt() {
        SrException full = new SrException(SrError.SR_NO_SPACE, "full");
        refusal = full;

        assertThatThrownBy(() -> take(uploads, "monday", 0, whole(CONTENT))).isSameAs(full);
        assertGone(uploads);
    }

    private void assertGone(HeldUploads uploads) {
        assertThatThrownBy(() -> uploads.view(KEY, making))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.VDI_MISSING));
    }

    private void assertRefused(HeldUploads by, String stream, long from, InputStream bytes, String reason) {
        assertThatThrownBy(() -> take(by, stream, from, bytes))
                .isInstanceOf(SrException.class)
                .hasMessageContaining(reason);
    }

    private Vdi take(HeldUploads by, String stream, long from, InputStream bytes) {
        return by.take(KEY, part(stream, from, bytes), making);
    }

    private static HeldUploads.Part part(String stream, long from, InputStream bytes) {
        return new HeldUploads.Part(stream, CONTENT.length(), from, Channels.newChannel(bytes));
    }

    private Vdi made(ReadableByteChannel bytes) {
        if (refusal != null) {
            throw refusal;
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            Channels.newInputStream(bytes).transferTo(all);
        } catch (IOException e) {
            ends.add(String.valueOf(e.getMessage()));
            throw new UncheckedIOException(e);
        }
        ends.add(all.toString(StandardCharsets.UTF_8));
        return new Vdi(
                KEY.vdi(),
                "",
                "",
                KEY.sr(),
                "",
                CONTENT.length(),
                0,
                null,
                1,
                false,
                null,
                Map.of(),
                false,
                null,
                Vdi.State.DETACHED,
                List.of(),
                null,
                null);
    }

    private static InputStream whole(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private static InputStream broken(String text) {
        return new SequenceInputStream(whole(text), new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("reset");
            }

            @Override
            public int read(byte[] target, int from, int count) throws IOException {
                throw new IOException("reset");
            }
        });
    }
}
