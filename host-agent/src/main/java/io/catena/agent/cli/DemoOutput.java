package io.catena.agent.cli;

import io.catena.agent.demo.TourReport;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Shows a demo to its user. */
interface DemoOutput extends TourReport {
    /**
     * The demo has passed and cleaned up.
     *
     * @param kept where its files are; null if they are gone
     */
    void end(Duration took, @Nullable Path kept);
}
