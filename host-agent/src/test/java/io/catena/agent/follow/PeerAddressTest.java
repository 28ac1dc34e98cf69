package io.catena.agent.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the agent of another host is, is said in a file of the SR: who is asked there has to show who he is. */
class PeerAddressTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.1:8443",
                "file:///etc/shadow",
                "https:opaque",
                "https://",
                "",
                "\u0000",
                "https://a b"
            })
    void whatIsNoAddressOfHttpsIsNotAsked(String url) {
        assertThatThrownBy(() -> PeerClient.address(url))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("it says that it is at");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://[::1]:8443", "https://[::1]"})
    void anAddressOfIpv6LosesItsBrackets(String url) throws IOException {
        assertThat(PeerClient.address(url)).isEqualTo("::1");
    }

    @Test
    void nobodyIsConnectedToWithoutTls() throws IOException, NoSuchAlgorithmException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            PeerClient client = new PeerClient(SSLContext.getDefault(), "self");
            String url = "http://127.0.0.1:" + server.getLocalPort();

            assertThatThrownBy(() -> client.ask(
                            url, new SrId(new UUID(1, 1)), "claims", Arguments.none(), Duration.ofSeconds(5), false))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("expected https://");
        }
    }
}
