package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Bytes as the definitions of the protocols have them, in the byte order of x86; elsewhere integers are the other way round.
 */
class NetlinkMessageTest {
    private static final HexFormat HEX = HexFormat.of();

    @Test
    void aRequestForAFamilyIsWhatTheDefinitionSays() {
        ByteBuffer request = NetlinkMessage.request(16, 7, 3, List.of(NetlinkAttribute.ofString(2, "nbd")));

        assertThat(hex(request))
                .isEqualTo("1c000000" + "1000" + "0500" + "07000000" + "00000000" // length, type, flags, sequence, port
                        + "03" + "01" + "0000" // command, version, reserved
                        + "0800" + "0200" + "6e626400");
    }

    @Test
    void listsHaveTheirFlagAndAreNestedWithoutPadding() {
        NetlinkAttribute sockets =
                NetlinkAttribute.ofList(7, NetlinkAttribute.ofList(1, NetlinkAttribute.ofInt(1, 42)));

        assertThat(hex(encoded(sockets))).isEqualTo("1000" + "0780" + "0c00" + "0180" + "0800" + "0100" + "2a000000");
    }

    @Test
    void valuesArePaddedToFourBytesAndTheirLengthsAreNot() {
        assertThat(hex(encoded(NetlinkAttribute.ofString(10, "ab"), NetlinkAttribute.ofLong(2, 0x0102030405060708L))))
                .isEqualTo("0700" + "0a00" + "616200" + "00" + "0c00" + "0200" + "0807060504030201");
    }

    @Test
    void anAnswerAndItsEndAreReadFromTheSameBytes() throws IOException {
        List<NetlinkMessage> messages = decode("1c000000" + "1500" + "0000" + "07000000" + "99000000" + "01" + "01"
                + "0000" + "0800" + "0100" + "03000000"
                + "24000000" + "0200" + "0001" + "07000000" + "99000000" + "00000000"
                + "28000000" + "1500" + "0500" + "07000000" + "00000000");

        assertThat(messages).hasSize(2);
        assertThat(messages.get(0).isLast()).isFalse();
        assertThat(messages.get(0).sequence()).isEqualTo(7);
        assertThat(NetlinkAttribute.number(messages.get(0).attributes(), 1)).isEqualTo(3);
        assertThat(messages.get(1).isLast()).isTrue();
        assertThat(messages.get(1).error()).isZero();
    }

    @Test
    void aRefusalCarriesItsError() throws IOException {
        NetlinkMessage refusal = decode("24000000" + "0200" + "0000" + "08000000" + "99000000" + "f0ffffff" + "28000000"
                        + "1500" + "0500" + "08000000" + "00000000")
                .get(0);

        assertThat(refusal.isLast()).isTrue();
        assertThat(refusal.error()).isEqualTo(Libc.EBUSY);
        assertThat(new GenericNetlink.RefusedException(refusal.error())).hasMessageContaining("busy");
    }

    @Test
    void numbersOfTwoAndFourBytesAreReadAlsoBehindPaddingAndInTheOtherByteOrder() throws IOException {
        ByteBuffer little = bytes("0700" + "0200" + "6e6264" + "00" + "0600" + "0100" + "1500" + "0000" + "0800"
                        + "0500" + "0a000000")
                .order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer big = bytes("0006" + "0001" + "0015" + "0000" + "0008" + "0005" + "0000000a");

        for (ByteBuffer source : List.of(little, big)) {
            List<NetlinkAttribute> attributes = NetlinkAttribute.decode(source);
            assertThat(NetlinkAttribute.number(attributes, 1)).isEqualTo(21);
            assertThat(NetlinkAttribute.number(attributes, 5)).isEqualTo(10);
            assertThatThrownBy(() -> NetlinkAttribute.number(attributes, 9)).hasMessageContaining("lacks");
        }
    }

    @Test
    void lengthsThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> decode("24000000" + "0200" + "0000" + "07000000" + "99000000" + "00000000"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("36 bytes, expected 20 to 20");
        assertThatThrownBy(() -> decode("10000000" + "0200" + "0000" + "07000000" + "99000000"))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> NetlinkAttribute.decode(bytes("0000" + "0100").order(ByteOrder.LITTLE_ENDIAN)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("0 bytes, expected 4 to 4");
        assertThatThrownBy(() -> NetlinkAttribute.decode(
                        bytes("0900" + "0100" + "00000000").order(ByteOrder.LITTLE_ENDIAN)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void theKernelAnswersForItsControllerAndNotForAFamilyThatItDoesNotHave() throws IOException {
        try (GenericNetlink netlink = GenericNetlink.open()) {
            assertThat(netlink.family("nlctrl").map(GenericNetlink.Family::id)).contains(16);
            assertThat(netlink.family("catena-none")).isEmpty();
        }
    }

    private static ByteBuffer encoded(NetlinkAttribute... attributes) {
        ByteBuffer target = ByteBuffer.allocate(NetlinkAttribute.encodedBytes(List.of(attributes)))
                .order(ByteOrder.nativeOrder());
        NetlinkAttribute.encode(List.of(attributes), target);
        assertThat(target.hasRemaining()).isFalse();
        return target.flip();
    }

    private static List<NetlinkMessage> decode(String hex) throws IOException {
        return NetlinkMessage.decode(bytes(hex).order(ByteOrder.LITTLE_ENDIAN));
    }

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HEX.parseHex(hex));
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return HEX.formatHex(copy);
    }
}
