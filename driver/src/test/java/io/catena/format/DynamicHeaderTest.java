package io.catena.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class DynamicHeaderTest {
    private static final UUID PARENT = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final DynamicHeader EMPTY = DynamicHeader.dynamic(1536, 4, 2 << 20);

    @Test
    void everyFieldStandsWhereTheSpecificationSays() {
        ByteBuffer bytes = child("bäse.vhd").encode();
        assertThat(bytes.remaining()).isEqualTo(1024);
        assertThat(bytes.getLong(0)).isEqualTo(0x6378737061727365L);
        assertThat(bytes.getLong(8)).isEqualTo(-1);
        assertThat(bytes.getLong(16)).isEqualTo(1536);
        assertThat(bytes.getInt(24)).isEqualTo(0x0001_0000);
        assertThat(bytes.getInt(28)).isEqualTo(4);
        assertThat(bytes.getInt(32)).isEqualTo(2 << 20);
        assertThat(bytes.getLong(40)).isEqualTo(PARENT.getMostSignificantBits());
        assertThat(bytes.getLong(48)).isEqualTo(PARENT.getLeastSignificantBits());
        assertThat(bytes.getInt(56)).isEqualTo(77);
        assertThat(bytes.getInt(60)).isZero();
        assertThat(bytes.getChar(64)).isEqualTo('b');
        assertThat(bytes.getChar(66)).isEqualTo('ä');
        assertThat(bytes.getChar(80)).isEqualTo('\0');
        assertThat(bytes.getInt(576)).isEqualTo(ParentLocator.MACX);
        assertThat(bytes.getInt(580)).isEqualTo(512);
        assertThat(bytes.getInt(584)).isEqualTo(17);
        assertThat(bytes.getInt(588)).isZero();
        assertThat(bytes.getLong(592)).isEqualTo(3072);
        assertThat(bytes.slice(600, 424)).isEqualTo(ByteBuffer.allocate(424));
    }

    @Test
    void whatIsEncodedIsDecoded() throws Exception {
        assertThat(decode(EMPTY.encode())).isEqualTo(EMPTY);
        assertThat(decode(child("base.vhd").encode())).isEqualTo(child("base.vhd"));
    }

    @Test
    void aNameTooLongIsCutOff() throws Exception {
        assertThat(decode(child("x".repeat(300)).encode()).parentName()).isEqualTo("x".repeat(256));
    }

    @Test
    void anyChangedBitIsNoticed() {
        for (int bit = 0; bit < 1024 * 8; bit++) {
            ByteBuffer bytes = EMPTY.encode();
            bytes.put(bit / 8, (byte) (bytes.get(bit / 8) ^ 0x80 >> bit % 8));
            assertThatThrownBy(() -> decode(bytes)).as("bit %d", bit).isInstanceOf(CorruptVhdException.class);
        }
    }

    @Test
    void impossibleValuesAreRefused() {
        refuses("BAT offset", EMPTY.encode().putLong(16, 0));
        refuses("BAT offset", EMPTY.encode().putLong(16, -512));
        refuses("BAT offset", EMPTY.encode().putLong(16, 1537));
        refuses("version", EMPTY.encode().putInt(24, 0x0002_0000));
        refuses("BAT has 4294967295 entries", EMPTY.encode().putInt(28, -1));
        for (int size : new int[] {0, 512, 3 << 20, -1, 1 << 31, 512 << 20}) {
            refuses("block size is", EMPTY.encode().putInt(32, size));
        }
    }

    private static void refuses(String problem, ByteBuffer bytes) {
        assertThatThrownBy(() -> decode(Seal.header(bytes)))
                .isInstanceOf(CorruptVhdException.class)
                .hasMessageContaining(problem);
    }

    private static DynamicHeader child(String parentName) {
        List<ParentLocator> locators =
                new ArrayList<>(Collections.nCopies(DynamicHeader.LOCATORS, ParentLocator.EMPTY));
        locators.set(0, new ParentLocator(ParentLocator.MACX, 512, 17, 3072));
        return EMPTY.withParent(PARENT, 77, parentName, locators);
    }

    private static DynamicHeader decode(ByteBuffer bytes) throws CorruptVhdException {
        return DynamicHeader.decode(bytes, "x.vhd", 512);
    }
}
