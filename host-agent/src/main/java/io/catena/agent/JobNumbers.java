package io.catena.agent;

import io.catena.agent.state.DurableFile;
import io.catena.log.LogLine;
import io.catena.sr.job.JobIds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Numbers for jobs that go on after a restart of the agent: whoever waits for a job must not be told of another.
 *
 * <p>The file has the last number of a run of them that is reserved. It is written before the first of the run is given, and
 * after a restart the next run begins, so some numbers are never given.
 *
 * <p><b>Threads.</b> For one thread at a time.
 */
final class JobNumbers implements JobIds {
    private static final Logger LOG = Logger.getLogger(JobNumbers.class.getName());
    private static final long RESERVED_AT_A_TIME = 100;

    private final DurableFile file;
    private long last;
    private long reserved;

    /**
     * @throws IOException if the file cannot be read, or does not hold a number
     */
    JobNumbers(Path file) throws IOException {
        this.file = new DurableFile(file);
        Optional<String> text = this.file.read();
        try {
            last = text.map(String::strip).map(Long::parseLong).orElse(0L);
        } catch (NumberFormatException e) {
            throw new IOException(file + " does not hold the last job's number; remove it to begin with 1", e);
        }
        reserved = last;
    }

    @Override
    public long next() {
        if (last >= reserved) {
            reserve();
        }
        return ++last;
    }

    @Override
    public void skipTo(long id) {
        last = Math.max(last, id);
    }

    /** Work goes on if the run directory is full. */
    private void reserve() {
        reserved = last + RESERVED_AT_A_TIME;
        try {
            file.write(reserved + "\n");
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("job-numbers-not-kept", "file", file), e);
        }
    }
}
