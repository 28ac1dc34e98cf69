package io.catena.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class FooterTest {
    private static final UUID ID = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final Footer FOOTER = Footer.of(DiskType.DYNAMIC, 8 << 20, ID, 0x12345678);

    @Test
    void everyFieldStandsWhereTheSpecificationSays() {
        ByteBuffer bytes = FOOTER.encode();
        assertThat(bytes.remaining()).isEqualTo(512);
        assertThat(bytes.getLong(0)).isEqualTo(0x636f6e6563746978L);
        assertThat(bytes.getInt(8)).isEqualTo(2);
        assertThat(bytes.getInt(12)).isEqualTo(0x0001_0000);
        assertThat(bytes.getLong(16)).isEqualTo(512);
        assertThat(bytes.getInt(24)).isEqualTo(0x12345678);
        assertThat(bytes.getInt(28)).isEqualTo(0x74617000);
        assertThat(bytes.getInt(32)).isEqualTo(0x0001_0003);
        assertThat(bytes.getInt(36)).isZero();
        assertThat(bytes.getLong(40)).isEqualTo(8 << 20);
        assertThat(bytes.getLong(48)).isEqualTo(8 << 20);
        assertThat(bytes.getInt(60)).isEqualTo(3);
        assertThat(bytes.getLong(68)).isEqualTo(0x0011223344556677L);
        assertThat(bytes.getLong(76)).isEqualTo(0x8899aabbccddeeffL);
        assertThat(bytes.get(84)).isZero();
        assertThat(bytes.get(85)).isZero();
        assertThat(bytes.slice(86, 426)).isEqualTo(ByteBuffer.allocate(426));
    }

    @Test
    void aFixedDiskHasNoDynamicHeader() {
        ByteBuffer bytes = Footer.of(DiskType.FIXED, 512, ID, 0).encode();
        assertThat(bytes.getLong(16)).isEqualTo(-1);
        assertThat(bytes.getInt(60)).isEqualTo(2);
    }

    @Test
    void whatIsEncodedIsDecoded() throws Exception {
        assertThat(decode(FOOTER.encode())).isEqualTo(FOOTER);
        Footer hidden = FOOTER.withHidden(true);
        assertThat(hidden.encode().get(85)).isEqualTo((byte) 1);
        assertThat(decode(hidden.encode())).isEqualTo(hidden);
    }

    @Test
    void anyChangedBitIsNoticed() {
        for (int bit = 0; bit < 86 * 8; bit++) {
            ByteBuffer bytes = FOOTER.encode();
            bytes.put(bit / 8, (byte) (bytes.get(bit / 8) ^ 0x80 >> bit % 8));
            assertThatThrownBy(() -> decode(bytes)).as("bit %d", bit).isInstanceOf(CorruptVhdException.class);
        }
    }

    @Test
    void aMessageNamesFileOffsetAndBothValues() {
        ByteBuffer bytes = FOOTER.encode().putInt(64, 1);
        assertThatThrownBy(() -> Footer.decode(bytes, "x.vhd", 0x1000))
                .hasMessageStartingWith("x.vhd: offset 0x1040: footer checksum is 0x1, computed 0xffff");
    }

    @Test
    void aDisabledDiskIsNotTakenForADamagedOne() {
        ByteBuffer bytes = FOOTER.encode().putLong(0, 0x765f706f69736f6eL);
        assertThatThrownBy(() -> decode(bytes)).isInstanceOf(UnsupportedVhdException.class);
    }

    @Test
    void theTypesInUseAreTwoThreeAndFour() {
        for (int code : new int[] {0, 1, 5, 6, -1}) {
            ByteBuffer bytes = Seal.footer(FOOTER.encode().putInt(60, code));
            assertThatThrownBy(() -> decode(bytes)).hasMessageContaining("disk type is " + code);
        }
    }

    /** Early blktap set the hidden flag and left the checksum as it was. */
    @Test
    void onlyEarlyBlktapMayForgetTheChecksumOfTheHiddenFlag() throws Exception {
        ByteBuffer early = Seal.footer(FOOTER.encode().putInt(32, 0x0001_0001)).put(85, (byte) 1);
        assertThat(decode(early).hidden()).isTrue();
        ByteBuffer late = FOOTER.encode().put(85, (byte) 1);
        assertThatThrownBy(() -> decode(late)).hasMessageContaining("checksum");
    }

    @Test
    void creatorsAreToldByNameAndVersion() {
        Footer.Creator caml = new Footer.Creator(0x63616d6c, 1, 0);
        assertThat(caml.hasLittleEndianBitmaps()).isFalse();
        assertThat(caml.mayHaveBatmap()).isFalse();
        assertThat(new Footer.Creator(0x74617000, 1, 0).hasLittleEndianBitmaps())
                .isTrue();
        assertThat(new Footer.Creator(0x74617041, 0x0001_0001, 0).mayHaveBatmap())
                .isTrue();
    }

    private static Footer decode(ByteBuffer bytes) throws Exception {
        return Footer.decode(bytes, "x.vhd", 0);
    }
}
