package io.catena.agent.api.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokensTest {
    private static final int LOGINS = 60;

    private final SetClock clock = new SetClock();
    private final Path file;
    private final Tokens tokens;

    TokensTest(@TempDir Path directory) throws IOException {
        file = directory.resolve("tokens.json");
        tokens = new Tokens(file, clock);
    }

    @Test
    void aSessionEndsWithItsToken() throws IOException {
        TokenView token = tokens.create("x", Role.ADMIN, List.of(), Duration.ofMinutes(1));
        String session = logIn(text(token));
        assertThat(tokens.verify(session)).isPresent();

        clock.now = clock.now.plusSeconds(60);

        assertThat(tokens.verify(text(token))).isEmpty();
        assertThat(tokens.verify(session)).isEmpty();
        assertThat(new Tokens(file, clock).verify(session)).isEmpty();
    }

    @Test
    void aTokenIsGoodUntilItExpiresOrIsRevoked() {
        TokenView expiring = tokens.create("x", Role.VIEWER, List.of(), Duration.ofMinutes(1));
        TokenView lasting = tokens.create("x", Role.VIEWER, List.of(), null);
        assertThat(tokens.isGood(expiring.id())).isTrue();

        clock.now = clock.now.plusSeconds(60);

        assertThat(tokens.isGood(expiring.id())).isFalse();
        assertThat(tokens.isGood(lasting.id())).isTrue();
        tokens.revoke(lasting.id());
        assertThat(tokens.isGood(lasting.id())).isFalse();
    }

    @Test
    void aSessionBeginsNoOther() {
        TokenView token = tokens.create("x", Role.ADMIN, List.of(), null);

        assertThat(tokens.logIn(logIn(text(token)))).isEmpty();
    }

    @Test
    void whoLogsInAgainAndAgainKeepsNobodyOut() {
        TokenView viewer = tokens.create("x", Role.VIEWER, List.of(), null);
        String first = logIn(text(viewer));
        String last = first;
        for (int i = 0; i < LOGINS; i++) {
            last = logIn(text(viewer));
        }

        assertThat(tokens.verify(first)).isEmpty();
        assertThat(tokens.verify(last)).isPresent();
        assertThat(tokens.create("y", Role.ADMIN, List.of(), null).token()).isNotNull();
    }

    private String logIn(String text) {
        return text(tokens.logIn(text).orElseThrow());
    }

    private static String text(TokenView view) {
        return Objects.requireNonNull(view.token());
    }

    private static final class SetClock extends Clock {
        Instant now = Instant.ofEpochSecond(1_800_000_000);

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
