package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.ContentOrigin;
import io.catena.api.KeptUpload;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.UploadStream;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.api.VdiUpload;
import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Looks;
import io.catena.sr.job.Timer;
import io.catena.store.FileStorage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Uploads that outlive the agent, and what somebody else puts in their place. */
@Tag("slow")
final class KeptUploadTest extends RepositoryFixture {
    private static final String CALLER = "token a";
    private static final VdiId COPY = new VdiId(new UUID(7, 7));

    private final AtomicLong nanos = new AtomicLong();
    private final List<Runnable> alarms = new ArrayList<>();
    private Duration ahead = Duration.ZERO;

    @BeforeEach
    void attachWhereTimePasses() throws IOException {
        again();
    }

    /** Lets go of the SR, and attaches it as another agent. */
    private void again() throws IOException {
        sr.close();
        attachAnew();
    }

    private void attachAnew() {
        alarms.clear();
        Timer timer = (delay, work) -> {
            alarms.add(work);
            return () -> alarms.remove(work);
        };
        Environment environment = new Environment(
                new FileStorage(redo),
                new UUID(1, 1),
                new DirectExporter(),
                jobs,
                Clock.offset(Clock.systemUTC(), ahead),
                () -> nanos.addAndGet(Duration.ofSeconds(3).toNanos()),
                UUID::randomUUID,
                timer,
                Looks.INLINE);
        sr = VhdRepository.attach(new FileStorage(directory), directory.toString(), environment);
    }

    /** Returns a stream of a disk with some data in each of its blocks, which is gone then. */
    private byte[] stream(StreamFormat format) throws IOException {
        VdiId disk = create("source");
        Random random = new Random(5);
        for (long block = 0; block < SIZE; block += BLOCK) {
            byte[] some = new byte[4096];
            random.nextBytes(some);
            attach(disk).write(block + 512L * random.nextInt(1000), ByteBuffer.wrap(some));
            sr.detach(disk);
        }
        byte[] bytes = exported(disk, format);
        sr.destroy(disk);
        return bytes;
    }

    private byte[] exported(VdiId disk, StreamFormat format) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (VdiStream stream = sr.contents().export(disk, format, null)) {
            stream.writeTo(Channels.newChannel(bytes), 0);
        }
        return bytes.toByteArray();
    }

    /** Sends so much of a stream, and leaves the import open; returns it. */
    private VdiImport begin(StreamFormat format, byte[] stream, int count) {
        VdiUpload upload = sr.contents().upload(format, cutOff(stream, count), stream.length);
        VdiImport target = sr.importVdi(spec(upload), upload.origin());
        target.keep(new UploadStream("monday", CALLER, format, stream.length), upload);
        assertThatThrownBy(() -> upload.copyTo(target)).isInstanceOf(IOException.class);
        return target;
    }

    private static VdiSpec spec(VdiUpload upload) {
        return new VdiSpec(upload.sizeBytes(), "copy", "", COPY, false);
    }

    private static ReadableByteChannel cutOff(byte[] stream, int count) {
        InputStream some = new ByteArrayInputStream(stream, 0, count);
        return Channels.newChannel(new SequenceInputStream(some, new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("reset");
            }

            @Override
            public int read(byte[] target, int from, int length) throws IOException {
                throw new IOException("reset");
            }
        }));
    }

    private KeptUpload kept() {
        return sr.contents().kept(COPY, CALLER).orElseThrow();
    }

    private void goOn(KeptUpload kept, byte[] stream) throws IOException {
        byte[] lacking = Arrays.copyOfRange(stream, (int) kept.offsetBytes(), stream.length);
        VdiUpload upload = sr.contents().rest(kept, Channels.newChannel(new ByteArrayInputStream(lacking)));
        try (VdiImport target = sr.contents().goOn(kept, spec(upload), upload.origin())) {
            upload.copyTo(target);
            target.commit();
        }
    }

    private List<Path> temporary() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(".catena/tmp"))) {
            return files.toList();
        }
    }

    private Path temporary(String end) throws IOException {
        return temporary().stream()
                .filter(file -> file.toString().endsWith(end))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(names = {"RAW", "VHD"})
    void itGoesOnWhereItWasNoted(StreamFormat format) throws IOException {
        byte[] stream = stream(format);
        byte[] content = stream(StreamFormat.RAW);
        begin(format, stream, stream.length - 3_000_000);
        assertThat(sr.contents().kept(COPY, CALLER)).as("it is under way").isEmpty();
        assertThat(sr.check(false).findings()).isEmpty();

        again();
        assertThat(sr.vdis()).isEmpty();
        assertThat(sr.check(true).findings()).isEmpty();
        assertThat(sr.contents().kept(COPY, "token b")).isEmpty();
        KeptUpload kept = kept();
        assertThat(kept.stream()).isEqualTo(new UploadStream("monday", CALLER, format, stream.length));
        assertThat(kept.offsetBytes()).isBetween(BLOCK, (long) stream.length - 3_000_000);
        goOn(kept, stream);

        assertThat(temporary()).isEmpty();
        assertThat(sr.contents().kept(COPY, CALLER)).isEmpty();
        assertThat(exported(COPY, StreamFormat.RAW)).isEqualTo(content);
    }

    @Test
    void itGoesOnMoreThanOnce() throws IOException {
        byte[] stream = stream(StreamFormat.RAW);
        begin(StreamFormat.RAW, stream, 3_000_000);
        again();
        KeptUpload first = kept();
        byte[] lacking = Arrays.copyOfRange(stream, (int) first.offsetBytes(), stream.length);
        VdiUpload upload = sr.contents().rest(first, cutOff(lacking, 3_000_000));
        VdiImport target = sr.contents().goOn(first, spec(upload), ContentOrigin.UNKNOWN);
        assertThatThrownBy(() -> upload.copyTo(target)).isInstanceOf(IOException.class);
        again();

        assertThat(kept().offsetBytes()).isGreaterThan(first.offsetBytes());
        goOn(kept(), stream);
        assertThat(exported(COPY, StreamFormat.RAW)).isEqualTo(stream);
    }

    @Test
    void nothingIsLeftOfOneThatIsGivenUp() throws IOException {
        byte[] stream = stream(StreamFormat.RAW);
        begin(StreamFormat.RAW, stream, 5_000_000).close();
        assertThat(temporary()).isEmpty();

        begin(StreamFormat.RAW, stream, 5_000_000);
        again();
        sr.contents().drop(kept());
        assertThat(temporary()).isEmpty();
    }

    @Test
    void nothingIsLeftOfOneThatNobodyGoesOnWith() throws IOException {
        begin(StreamFormat.RAW, stream(StreamFormat.RAW), 5_000_000);
        again();
        assertThat(temporary()).isNotEmpty();

        List.copyOf(alarms).forEach(Runnable::run);

        assertThat(temporary()).isEmpty();
    }

    @Test
    void nothingIsLeftOfAnOldOne() throws IOException {
        begin(StreamFormat.RAW, stream(StreamFormat.RAW), 5_000_000);
        ahead = Duration.ofHours(25);
        again();

        assertThat(temporary()).isEmpty();
    }

    @Test
    void aFixedVhdGoesOn() throws IOException {
        byte[] content = stream(StreamFormat.RAW);
        byte[] stream = Arrays.copyOf(content, content.length + Footer.SIZE);
        Footer.of(DiskType.FIXED, content.length, new UUID(8, 8), 0).encode().get(stream, content.length, Footer.SIZE);
        begin(StreamFormat.VHD, stream, stream.length - 100);
        again();

        assertThat(kept().offsetBytes()).isPositive().isLessThan(stream.length);
        goOn(kept(), stream);
        assertThat(exported(COPY, StreamFormat.RAW)).isEqualTo(content);
        assertThat(temporary()).isEmpty();
    }

    /** What changed in a disk since its snapshot. */
    private static final class Changes {
        final VdiId snapshot;
        final byte[] stream;

        /** All of the disk. */
        final byte[] content;

        Changes(VdiId snapshot, byte[] stream, byte[] content) {
            this.snapshot = snapshot;
            this.stream = stream;
            this.content = content;
        }
    }

    private Changes changes() throws IOException {
        VdiId disk = create("changed");
        write(attach(disk), BLOCK + 4096, 5);
        sr.detach(disk);
        VdiId snapshot = sr.snapshot(List.of(disk), "s").get(0).vdi();
        for (long block = 0; block < SIZE; block += BLOCK) {
            write(attach(disk), block, 7);
            sr.detach(disk);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (VdiStream stream = sr.contents().export(disk, StreamFormat.VHD, snapshot)) {
            stream.writeTo(Channels.newChannel(bytes), 0);
        }
        byte[] content = exported(disk, StreamFormat.RAW);
        sr.destroy(disk);
        return new Changes(snapshot, bytes.toByteArray(), content);
    }

    @Test
    void changesGoOn() throws IOException {
        Changes changes = changes();
        begin(StreamFormat.VHD, changes.stream, changes.stream.length - 100);
        again();

        assertThat(kept().offsetBytes()).isGreaterThan(BLOCK);
        goOn(kept(), changes.stream);
        assertThat(temporary()).isEmpty();
        assertThat(sr.vdi(COPY).depth()).isGreaterThan(1);
        assertThat(exported(COPY, StreamFormat.RAW)).isEqualTo(changes.content);
        again();
        assertThat(exported(COPY, StreamFormat.RAW)).isEqualTo(changes.content);
        assertThat(sr.check(true).findings()).isEmpty();
    }

    @Test
    void theBaseOfChangesIsFreeUntilTheyGoOn() throws IOException {
        Changes changes = changes();
        begin(StreamFormat.VHD, changes.stream, changes.stream.length - 100);
        again();
        sr.destroy(changes.snapshot);

        assertThatThrownBy(() -> goOn(kept(), changes.stream))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("no disk of SR");
        List.copyOf(alarms).forEach(Runnable::run);
        assertThat(temporary()).isEmpty();
    }

    /** Whole, it would show what lies under the parent that it names. */
    @Test
    void changesAreNotTakenForAWholeDisk() throws IOException {
        Changes changes = changes();
        begin(StreamFormat.VHD, changes.stream, changes.stream.length - 100);
        again();
        KeptUpload kept = kept();
        byte[] lacking = Arrays.copyOfRange(changes.stream, (int) kept.offsetBytes(), changes.stream.length);
        VdiUpload upload = sr.contents().rest(kept, Channels.newChannel(new ByteArrayInputStream(lacking)));

        assertThatThrownBy(() -> sr.contents().goOn(kept, spec(upload), ContentOrigin.UNKNOWN))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("not kept");
    }

    static Stream<UnaryOperator<String>> lies() {
        return Stream.of(
                text -> "",
                text -> "null",
                text -> "[]",
                text -> text + " ".repeat(200 << 10),
                text -> text.replaceFirst("\"identity\":\"", "\"identity\":\"x"),
                text -> text.replaceFirst("\"uniqueId\":\"[^\"]*\"", "\"uniqueId\":\"" + COPY + "\""),
                text -> text.replaceFirst("\"uniqueId\":\"[^\"]*\"", "\"uniqueId\":\"../..\""),
                text -> text.replaceFirst("\"format\":\"raw\"", "\"format\":\"qcow2\""),
                text -> text.replaceFirst("\"format\":\"raw\"", "\"format\":\"zip\""),
                text -> text.replaceFirst("\"offsetBytes\":\\d+", "\"offsetBytes\":-512"),
                text -> text.replaceFirst("\"offsetBytes\":\\d+", "\"offsetBytes\":513"),
                text -> text.replaceFirst("\"offsetBytes\":\\d+", "\"offsetBytes\":9223372036854775296"),
                text -> text.replaceFirst("\"headBytes\":0", "\"headBytes\":1"),
                text -> text.replaceFirst("\"writtenEpochSeconds\":\\d+", "\"writtenEpochSeconds\":9999999999"),
                text -> text.replaceFirst("\"writtenEpochSeconds\":\\d+", "\"writtenEpochSeconds\":-9e18"));
    }

    @ParameterizedTest
    @MethodSource("lies")
    void aRecordThatLiesIsNotBelieved(UnaryOperator<String> lie) throws IOException {
        begin(StreamFormat.RAW, new byte[SIZE], 5_000_000);
        sr.close();
        Path record = temporary(".upload");
        String text = Files.readString(record);
        Files.writeString(record, lie.apply(text));
        assertThat(Files.readString(record)).isNotEqualTo(text);
        attachAnew();

        assertThat(sr.contents().kept(COPY, CALLER)).isEmpty();
        assertThat(temporary()).isEmpty();
    }

    @Test
    void aCopyOfTheFileIsNotTakenForIt() throws IOException {
        begin(StreamFormat.RAW, new byte[SIZE], 5_000_000);
        sr.close();
        Path file = temporary(".vhd");
        Path copy = directory.resolve("copy");
        Files.copy(file, copy);
        Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);
        attachAnew();

        assertThat(temporary()).isEmpty();
    }

    @Test
    void aDamagedHeadIsNotRead() throws IOException {
        byte[] stream = stream(StreamFormat.VHD);
        begin(StreamFormat.VHD, stream, 5_000_000);
        again();
        Path head = temporary(".head");
        byte[] bytes = Files.readAllBytes(head);
        bytes[bytes.length - 1] ^= 1;
        Files.write(head, bytes);

        assertThatThrownBy(() -> goOn(kept(), stream))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("damaged");
    }

    /** Whoever can give a disk's file a second name must not have an agent write into it. */
    @Test
    void aDiskIsNotTakenForAnUpload() throws IOException {
        begin(StreamFormat.RAW, new byte[SIZE], 5_000_000);
        VdiId victim = create("victim");
        write(attach(victim), 0, 7);
        sr.detach(victim);
        Path disk = directory.resolve(victim + ".vhd");
        Path file = temporary(".vhd");
        String unique = sr.check(false).sound() ? uniqueId(disk) : "";
        String identity = new FileStorage(directory).info(victim + ".vhd").identity();
        sr.close();
        Files.delete(file);
        Files.createLink(file, disk);
        Path record = temporary(".upload");
        Files.writeString(
                record,
                Files.readString(record)
                        .replaceFirst("\"identity\":\"[^\"]*\"", "\"identity\":\"" + identity + "\"")
                        .replaceFirst("\"uniqueId\":\"[^\"]*\"", "\"uniqueId\":\"" + unique + "\""));
        attachAnew();

        KeptUpload kept = kept();
        assertThatThrownBy(() -> goOn(kept, new byte[SIZE]))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("not kept");
        sr.attach(victim, AccessMode.READ_ONLY);
        assertThat(read(exported(victim), 0)).isEqualTo(7);
        sr.detach(victim);
    }

    private static String uniqueId(Path vhd) throws IOException {
        ByteBuffer id = ByteBuffer.wrap(Files.readAllBytes(vhd), 68, 16);
        return new UUID(id.getLong(), id.getLong()).toString();
    }
}
