package io.catena.harness.bench.nbd;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A disk that is being served.
 *
 * @param pid of the server's process
 * @param files what it reads from
 * @param end ends the service
 */
record Served(String uri, long pid, List<Path> files, Closeable end) implements Closeable {
    /** Linux counts the time of processes in hundredths of a second, whatever its clock does. */
    private static final double TICKS_PER_SECOND = 100;

    Served {
        files = List.copyOf(files);
    }

    /** How much processor time the server has used, in seconds. Source: {@code proc(5)}. */
    double cpuSeconds() throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.UTF_8);
        // The second field is a name in parentheses that may hold anything; the one behind it is the third.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    @Override
    public void close() throws IOException {
        end.close();
    }
}
