package io.catena.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.VdiId;
import io.catena.disk.RequestMeter;
import io.catena.disk.RequestMeter.Operation;
import io.catena.disk.RequestMeter.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SlowRequestsTest {
    private static final Logger LOG = Logger.getLogger(SlowRequests.class.getName());
    private static final VdiId VDI = VdiId.parse("2acd7fbf-d4e5-418b-aba9-737ce0beb9bd");

    private final List<String> lines = new ArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord record) {
            lines.add(record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private final AtomicLong now = new AtomicLong(-5);
    private final AtomicLong counted = new AtomicLong();
    private final RequestMeter meter = new SlowRequests(VDI, (o, x, b, q, p) -> counted.incrementAndGet(), now::get);

    @BeforeEach
    void listen() {
        LOG.addHandler(handler);
    }

    @AfterEach
    void end() {
        LOG.removeHandler(handler);
    }

    private void request(long queuedMillis, long diskMillis) {
        meter.answered(
                Operation.WRITE,
                Outcome.DONE,
                4096,
                Duration.ofMillis(queuedMillis).toNanos(),
                Duration.ofMillis(diskMillis).toNanos());
    }

    @Test
    void tellWhereTheTimeWentAndCountWhatIsNotTold() {
        request(400, 500);
        assertThat(lines).isEmpty();
        request(400, 700);
        request(0, 2000);
        request(0, 2000);
        now.addAndGet(SlowRequests.PAUSE.toNanos());
        request(3000, 1);
        assertThat(lines)
                .containsExactly(
                        "event=slow-request vdi=" + VDI
                                + " operation=write bytes=4096 queued-ms=400 disk-ms=700 more=0",
                        "event=slow-request vdi=" + VDI
                                + " operation=write bytes=4096 queued-ms=3000 disk-ms=1 more=2");
        assertThat(counted).hasValue(5);
    }
}
