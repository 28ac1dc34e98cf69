package io.catena.sr.record;

import com.google.gson.Gson;
import io.catena.api.JobIntent;
import io.catena.api.JobIntents;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The jobs of an SR that have not come to their end, a small file each; with the SR, so that they outlive a reboot of the
 * host. Who attaches the SR begins them again.
 *
 * <p>A file that says nothing that could be done is set aside: it gets another name, and never keeps an SR from being
 * attached.
 *
 * <p><b>Threads.</b> Safe for use by many threads, as long as nobody keeps and forgets the same job at once.
 */
public final class JobIntentFiles implements JobIntents {
    private static final Logger LOG = System.getLogger(JobIntentFiles.class.getName());
    private static final Gson GSON = new Gson();
    private static final String END = ".json";
    private static final String SET_ASIDE = ".bad";

    /** Others are numbered from there on, and programs keep numbers exactly up to here. */
    private static final long MOST_JOB = 1L << 52;

    /** More are left where they are: nobody began so many at once. */
    private static final int MOST_INTENTS = 100;

    private final Storage storage;

    public JobIntentFiles(Storage storage) {
        this.storage = storage;
    }

    /** An intent as it stands in its file; nothing in it can be relied on. */
    private record Stored(
            long job,
            @Nullable String kind,
            @Nullable String vdi,
            @Nullable String target,
            @Nullable String name,
            @Nullable String made) {
        static Stored of(JobIntent intent) {
            JobIntent.Copy copy = intent.copy();
            return copy == null
                    ? new Stored(intent.job(), intent.kind(), null, null, null, null)
                    : new Stored(
                            intent.job(),
                            intent.kind(),
                            copy.vdi().toString(),
                            copy.target().toString(),
                            copy.name(),
                            copy.made().toString());
        }

        /**
         * @throws RuntimeException if it makes no sense
         */
        JobIntent read() {
            if (kind == null || job <= 0 || job > MOST_JOB) {
                throw new IllegalArgumentException("found job " + job + " of kind " + kind);
            }
            if (vdi == null && target == null && name == null && made == null) {
                return new JobIntent(job, kind, null);
            }
            if (vdi == null || target == null || name == null || made == null) {
                throw new IllegalArgumentException("the copy lacks what it copies, or where to");
            }
            return new JobIntent(
                    job, kind, new JobIntent.Copy(VdiId.parse(vdi), SrId.parse(target), name, VdiId.parse(made)));
        }
    }

    @Override
    public void keep(JobIntent intent) throws IOException {
        StoredText.write(storage, file(intent.job()), GSON.toJson(Stored.of(intent)));
    }

    @Override
    public void forget(long job) throws IOException {
        storage.delete(file(job));
        storage.syncNames();
    }

    @Override
    public List<JobIntent> all() throws IOException {
        List<String> names = storage.list(SrFiles.JOBS, name -> name.endsWith(END));
        if (names.size() > MOST_INTENTS) {
            LOG.log(Level.WARNING, LogLine.of("jobs-left-out", "found", names.size(), "most", MOST_INTENTS));
        }
        List<JobIntent> intents = new ArrayList<>();
        for (String name : names.subList(0, Math.min(names.size(), MOST_INTENTS))) {
            read(name).ifPresent(intents::add);
        }
        intents.sort(Comparator.comparingLong(JobIntent::job));
        return intents;
    }

    private Optional<JobIntent> read(String name) throws IOException {
        try {
            String text = StoredText.readSmall(storage, name).orElse("");
            JobIntent intent = Optional.ofNullable(GSON.fromJson(text, Stored.class))
                    .orElseThrow(() -> new IllegalArgumentException("found nothing"))
                    .read();
            if (!name.equals(file(intent.job()))) {
                // It would be begun with each attach, since another file is deleted when it has ended.
                throw new IllegalArgumentException("found job " + intent.job());
            }
            return Optional.of(intent);
        } catch (StoredText.TooLargeException | RuntimeException e) {
            // Gson throws what it likes.
            setAside(name, e);
            return Optional.empty();
        }
    }

    @Override
    public void setAside(long job, Exception reason) throws IOException {
        setAside(file(job), reason);
    }

    private void setAside(String name, Exception reason) throws IOException {
        LOG.log(Level.WARNING, LogLine.of("job-set-aside", "file", name, "cause", reason.getMessage()));
        if (storage.exists(name)) {
            storage.rename(name, name + SET_ASIDE);
            storage.syncNames();
        }
    }

    /** Returns the files that were set aside. */
    public static List<String> setAside(Storage storage) throws IOException {
        return storage.list(SrFiles.JOBS).stream()
                .filter(name -> name.endsWith(SET_ASIDE))
                .toList();
    }

    private static String file(long job) {
        return SrFiles.JOBS + "/" + job + END;
    }
}
