package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.doNothing;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.stubbing.Answer;

/** What comes of failures of a socket to the kernel, which the kernel does not have on demand. */
final class NetlinkFailureTest {
    private static final int EIO = 5;
    private static final int ENOBUFS = 105;
    private static final int FAMILY = 21;
    private static final int ERROR = 2;

    private final NetlinkSocket socket = mock(NetlinkSocket.class);
    private final GenericNetlink netlink = new GenericNetlink(socket);

    @BeforeEach
    void answersInTime() throws IOException {
        when(socket.isReadable(any())).thenReturn(true);
    }

    @Test
    void callsThatASignalInterruptsAreMadeAgain() throws IOException {
        doThrow(new LastErrorException(Libc.EINTR))
                .doThrow(new LastErrorException(Libc.EINTR))
                .doNothing()
                .when(socket)
                .write(any(), anyInt());
        when(socket.read(any(), anyInt()))
                .thenThrow(new LastErrorException(Libc.EINTR))
                .thenAnswer(received(message(1, FAMILY, 0), message(1, ERROR, 0)));

        assertThat(netlink.request(FAMILY, 1, List.of())).isEmpty();
        verify(socket, times(3)).write(any(), anyInt());
    }

    @Test
    void aRequestThatIsNotSentIsToldWithItsCause() {
        doThrow(new LastErrorException(ENOBUFS)).when(socket).write(any(), anyInt());

        assertThatThrownBy(() -> netlink.request(FAMILY, 1, List.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no request to the kernel")
                .hasCauseInstanceOf(LastErrorException.class);
    }

    @Test
    void anAnswerThatCannotBeReadIsToldAndTheNextRequestIsNotTakenForIt() throws IOException {
        doNothing().when(socket).write(any(), anyInt());
        when(socket.read(any(), anyInt()))
                .thenThrow(new LastErrorException(EIO))
                .thenAnswer(received(message(1, ERROR, Libc.EBUSY), message(2, ERROR, 0)));

        assertThatThrownBy(() -> netlink.request(FAMILY, 1, List.of())).hasMessageContaining("no answer");
        assertThat(netlink.request(FAMILY, 1, List.of()))
                .as("the late refusal was that of the request before")
                .isEmpty();
    }

    @Test
    void aKernelThatDoesNotAnswerIsNotWaitedForForever() throws IOException {
        when(socket.isReadable(any())).thenReturn(false);

        assertThatThrownBy(() -> netlink.request(FAMILY, 1, List.of())).hasMessageContaining("did not answer");
        verify(socket, times(0)).read(any(), anyInt());
    }

    @Test
    void aRefusalIsToldByItsNumberAndAFamilyThatIsMissingIsNone() throws IOException {
        when(socket.read(any(), anyInt()))
                .thenAnswer(received(message(1, ERROR, Libc.EBUSY)))
                .thenAnswer(received(message(2, ERROR, Libc.ENOENT)));

        assertThatThrownBy(() -> netlink.request(FAMILY, 1, List.of()))
                .isInstanceOfSatisfying(
                        GenericNetlink.RefusedException.class,
                        e -> assertThat(e.error()).isEqualTo(Libc.EBUSY));
        assertThat(netlink.family("nbd")).isEmpty();
    }

    @Test
    void anAnswerWithALengthThatDoesNotFitIsRefused() {
        ByteBuffer message = message(1, ERROR, 0);
        message.putInt(0, 1 << 20);
        when(socket.read(any(), anyInt())).thenAnswer(received(message));

        assertThatThrownBy(() -> netlink.request(FAMILY, 1, List.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected");
    }

    /** A message without attributes; the two bytes behind the header of one that is no error are command and version. */
    private static ByteBuffer message(int sequence, int type, int error) {
        ByteBuffer message = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder());
        return message.putInt(20)
                .putShort((short) type)
                .putShort((short) 0)
                .putInt(sequence)
                .putInt(0)
                .putInt(-error)
                .flip();
    }

    private static Answer<Integer> received(ByteBuffer... messages) {
        return call -> {
            Memory target = call.getArgument(0);
            int lengthBytes = 0;
            for (ByteBuffer message : messages) {
                byte[] bytes = new byte[message.remaining()];
                message.duplicate().get(bytes);
                target.write(lengthBytes, bytes, 0, bytes.length);
                lengthBytes += bytes.length;
            }
            return lengthBytes;
        };
    }
}
