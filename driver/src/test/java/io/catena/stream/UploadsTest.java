package io.catena.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.VdiImport;
import io.catena.api.VdiUpload;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UploadsTest {
    @ParameterizedTest
    @ValueSource(strings = {"KDMV", "COWD", "# Disk DescriptorFile"})
    void anImageOfVmwareIsNoDiskInAnyFormat(String beginning) {
        byte[] bytes = Arrays.copyOf(beginning.getBytes(StandardCharsets.US_ASCII), 4096);
        for (StreamFormat format : StreamFormat.values()) {
            assertThatThrownBy(() -> begin(format, bytes)).isInstanceOfSatisfying(SrException.class, e -> {
                assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST);
                assertThat(String.valueOf(e.advice())).contains("qemu-img convert -O qcow2");
            });
        }
    }

    /** The first bytes are looked at, and come all the same. */
    @ParameterizedTest
    @ValueSource(ints = {1, 20, 21, 512, 3 << 20})
    void aRawDiskComesWhole(int count) throws IOException {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, (byte) 'K');
        VdiUpload upload = begin(StreamFormat.RAW, bytes);
        byte[] arrived = new byte[(int) upload.sizeBytes()];
        upload.copyTo(into(arrived));

        assertThat(Arrays.copyOf(arrived, count)).isEqualTo(bytes);
    }

    @Test
    void noStreamAtAllIsNoVhd() {
        assertThatThrownBy(() -> begin(StreamFormat.VHD, new byte[0])).isInstanceOf(IOException.class);
    }

    private static VdiUpload begin(StreamFormat format, byte[] bytes) throws IOException {
        return Uploads.begin(format, Channels.newChannel(new ByteArrayInputStream(bytes)), bytes.length, () -> {
            throw new IOException("no room");
        });
    }

    /** A disk of which only writes count. */
    private static VdiImport into(byte[] target) {
        return (VdiImport) Proxy.newProxyInstance(
                VdiImport.class.getClassLoader(), new Class<?>[] {VdiImport.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("write")) {
                        ByteBuffer source = (ByteBuffer) arguments[1];
                        source.get(target, (int) (long) arguments[0], source.remaining());
                    }
                    return null;
                });
    }
}
