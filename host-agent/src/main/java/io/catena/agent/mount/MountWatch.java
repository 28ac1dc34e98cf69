package io.catena.agent.mount;

import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Logger;

/**
 * Asks now and then whether what is mounted answers, and remembers what does not. The requests of guests wait meanwhile, in the
 * kernel.
 *
 * <p><b>Threads.</b> {@link #look} for one thread; the answers safe for use by many.
 */
final class MountWatch {
    private static final Logger LOG = Logger.getLogger(MountWatch.class.getName());

    private final Mounts mounts;
    private final Map<Path, String> problems = new ConcurrentHashMap<>();

    MountWatch(Mounts mounts) {
        this.mounts = mounts;
    }

    /** Looks at what is to be mounted now; all else is forgotten. */
    void look(Map<Path, Wanted> wanted) {
        wanted.forEach(this::lookAt);
        problems.keySet().retainAll(wanted.keySet());
    }

    /** Returns what is wrong with the mount of an SR's directory. */
    Optional<String> problem(Path directory) {
        return Optional.ofNullable(problems.get(directory));
    }

    /** The directories of which something is wrong. */
    Set<Path> away() {
        return Set.copyOf(problems.keySet());
    }

    private void lookAt(Path directory, Wanted wanted) {
        try {
            mounts.check(wanted);
            answered(directory, wanted);
        } catch (IOException e) {
            failed(directory, wanted, e);
        }
    }

    void answered(Path directory, Wanted wanted) {
        if (problems.remove(directory) != null) {
            LOG.info(LogLine.of("mount-answers", "path", directory, "source", wanted.source()));
        }
    }

    void failed(Path directory, Wanted wanted, IOException e) {
        String problem = String.valueOf(e.getMessage());
        if (problems.put(directory, problem) == null) {
            LOG.warning(LogLine.of("mount-away", "path", directory, "source", wanted.source(), "problem", problem));
        }
    }
}
