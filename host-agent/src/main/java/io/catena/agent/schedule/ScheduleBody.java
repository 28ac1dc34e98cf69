package io.catena.agent.schedule;

import io.catena.agent.control.Body;
import io.catena.agent.control.Names;
import io.catena.agent.schedule.policy.Retention;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.Schedule.Mode;
import io.catena.agent.schedule.policy.Schedule.OnMissed;
import io.catena.agent.schedule.policy.Schedule.Quiesce;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads a schedule, or what is to be changed of one, out of a request. Fields that are not given stay as they are. */
final class ScheduleBody {
    private static final Retention NONE = new Retention(null, null, null, null, null, null, null, null);
    private static final List<String> TARGETS = List.of("vdis", "keys", "group");

    private final Body body;
    private final Names names;
    private final Schedule base;

    private ScheduleBody(Body body, Names names, Schedule base) {
        this.body = body;
        this.names = names;
        this.base = base;
    }

    /** Returns a new schedule. */
    static Schedule made(Body body, Names names, String id, Instant now) {
        String name = body.string("name");
        // The first that is wrong is told: before anything else, whose it is.
        SrId sr = names.sr(body.string("sr"));
        Schedule base = new Schedule(
                id,
                name,
                sr,
                now,
                true,
                body.has("everyMinutes") ? null : "0 0 * * *",
                "UTC",
                body.has("everyMinutes") ? Integer.valueOf(1) : null,
                null,
                null,
                null,
                null,
                Map.of(),
                Mode.TOGETHER,
                false,
                Quiesce.TRY,
                List.of(),
                OnMissed.ONCE,
                360,
                3,
                0,
                3,
                "{disk} {due}",
                new Retention(1, null, null, null, null, null, null, null));
        if (!body.has("cron") && !body.has("everyMinutes")) {
            throw new SrException(SrError.BAD_REQUEST, "A schedule needs either \"cron\" or \"everyMinutes\"")
                    .correction("Say when: \"cron\" (--cron) as in \"30 2 * * *\", or \"everyMinutes\" (--every).")
                    .field("cron");
        }
        return new ScheduleBody(body, names, base).read(NONE);
    }

    /** Returns a schedule that was changed. */
    static Schedule changed(Body body, Names names, Schedule known) {
        return new ScheduleBody(body, names, known).read(known.retention());
    }

    private Schedule read(Retention kept) {
        String cron = body.optionalString("cron").orElse(body.has("everyMinutes") ? null : base.cron());
        Integer every = body.has("everyMinutes")
                ? body.optionalInt("everyMinutes")
                : body.has("cron") ? null : base.everyMinutes();
        boolean newTargets = TARGETS.stream().anyMatch(body::has);
        List<VdiId> vdis = body.has("vdis")
                ? body.strings("vdis").stream()
                        .map(text -> names.vdi(text).vdi())
                        .toList()
                : newTargets ? null : base.vdis();
        Map<String, String> keys = body.has("keys") ? body.stringMap("keys") : newTargets ? null : base.keys();
        String group = body.optionalString("group").orElse(newTargets ? null : base.group());
        Schedule read = new Schedule(
                base.id(),
                body.optionalString("name").orElse(base.name()),
                base.sr(),
                base.created(),
                base.enabled(),
                cron,
                body.optionalString("timeZone").orElse(base.timeZone()),
                every,
                body.optionalString("anchor").map(ScheduleBody::instant).orElse(base.anchor()),
                vdis,
                keys,
                group,
                body.has("excludeKeys") ? body.stringMap("excludeKeys") : base.excludeKeys(),
                choice("mode", Mode.values(), base.mode()),
                Objects.requireNonNullElse(body.optionalFlag("partial"), base.partial()),
                choice("quiesce", Quiesce.values(), base.quiesce()),
                body.has("blackouts") ? body.stringsOrNone("blackouts") : base.blackouts(),
                choice("onMissed", OnMissed.values(), base.onMissed()),
                number("startWithinMinutes", base.startWithinMinutes()),
                number("retries", base.retries()),
                number("jitterSeconds", base.jitterSeconds()),
                number("reserveNodes", base.reserveNodes()),
                body.optionalString("snapshotName").orElse(base.snapshotName()),
                new Retention(
                        limit("keepLast", kept.last()),
                        limit("keepHourly", kept.hourly()),
                        limit("keepDaily", kept.daily()),
                        limit("keepWeekly", kept.weekly()),
                        limit("keepMonthly", kept.monthly()),
                        limit("keepYearly", kept.yearly()),
                        limit("maxAgeDays", kept.maxAgeDays()),
                        limit("maxCount", kept.maxCount())));
        body.nothingElse();
        return read;
    }

    /** A number of zero takes a limit away. */
    private @Nullable Integer limit(String field, @Nullable Integer known) {
        Integer given = body.optionalInt(field);
        return given == null ? known : given == 0 ? null : given;
    }

    private int number(String field, int known) {
        return Objects.requireNonNullElse(body.optionalInt(field), known);
    }

    private <E extends Enum<E>> E choice(String field, E[] values, E known) {
        Optional<String> text = body.optionalString(field);
        if (text.isEmpty()) {
            return known;
        }
        return Arrays.stream(values)
                .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(text.get()))
                .findFirst()
                .orElseThrow(() -> new SrException(
                                SrError.BAD_REQUEST,
                                "\"" + field + "\" is \"" + text.get() + "\", expected one of "
                                        + Arrays.toString(values).toLowerCase(Locale.ROOT))
                        .field(field));
    }

    private static Instant instant(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "\"anchor\" is \"" + text + "\", expected an instant like 2026-01-01T00:00:00Z",
                            e)
                    .field("anchor");
        }
    }
}
