package io.catena.agent.schedule.policy;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.field.CronFieldName;
import com.cronutils.model.field.expression.Always;
import com.cronutils.model.field.expression.Every;
import com.cronutils.model.field.expression.FieldExpression;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The five fields of cron, in a time zone. The library tells the local times; which instants these are is decided here:
 *
 * <ul>
 *   <li>A local time that clocks skip is due at the first instant after the gap, as systemd does it, unless the schedule is due
 *       anyway as soon after it as the gap is long.
 *   <li>A local time that comes twice is due the first time; the second time, too, if the hour is {@code *}.
 * </ul>
 */
final class CronTiming implements Timing {
    private static final CronParser PARSER = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    private static final Map<String, String> NICKNAMES =
            Map.of("@hourly", "0 * * * *", "@daily", "0 0 * * *", "@weekly", "0 0 * * 0", "@monthly", "0 0 1 * *");
    private static final int MOST_CHARACTERS = 200;

    private final ExecutionTime times;
    private final boolean everyHour;
    private final ZoneRules rules;

    private CronTiming(Cron cron, ZoneId zone) {
        times = ExecutionTime.forCron(cron);
        FieldExpression hour = Objects.requireNonNull(cron.retrieveFieldsAsMap().get(CronFieldName.HOUR))
                .getExpression();
        everyHour = hour instanceof Always
                || (hour instanceof Every every
                        && Objects.equals(every.getPeriod().getValue(), 1));
        rules = zone.getRules();
    }

    /**
     * Reads an expression.
     *
     * @throws SrException {@link SrError#BAD_REQUEST} if it is none
     */
    static CronTiming parse(String expression, ZoneId zone) {
        String fields = NICKNAMES.getOrDefault(expression, expression);
        if (fields.length() > MOST_CHARACTERS) {
            throw new SrException(SrError.BAD_REQUEST, "The cron expression is longer than " + MOST_CHARACTERS)
                    .field("cron");
        }
        try {
            return new CronTiming(PARSER.parse(fields).validate(), zone);
        } catch (IllegalArgumentException e) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "\"" + expression + "\" is not a cron expression: " + e.getMessage(),
                            e)
                    .correction("Give minute, hour, day, month and weekday, as in \"30 2 * * *\"; or @hourly, @daily,"
                            + " @weekly, @monthly.")
                    .field("cron");
        }
    }

    /**
     * Later local times are later instants, but where clocks are turned back: there, all local times that come twice are looked at
     * before one is chosen.
     */
    @Override
    public Optional<Instant> next(Instant after) {
        ZoneOffsetTransition turn = rules.nextTransition(after);
        boolean repeats = turn != null && turn.isOverlap();
        LocalDateTime now = LocalDateTime.ofEpochSecond(after.getEpochSecond(), 0, rules.getOffset(after));
        LocalDateTime from = repeats && !now.isBefore(turn.getDateTimeAfter())
                ? turn.getDateTimeAfter().minusSeconds(1)
                : now;
        TreeSet<Instant> found = new TreeSet<>();
        Optional<LocalDateTime> local = nextLocal(from);
        while (local.isPresent()) {
            instants(local.get()).stream().filter(due -> due.isAfter(after)).forEach(found::add);
            boolean settled = !repeats
                    || (!found.isEmpty() && found.first().isBefore(turn.getInstant()))
                    || !local.get().isBefore(turn.getDateTimeBefore());
            if (settled && !found.isEmpty()) {
                return Optional.of(found.first());
            }
            local = nextLocal(local.get());
        }
        return found.stream().findFirst();
    }

    private List<Instant> instants(LocalDateTime local) {
        List<ZoneOffset> offsets = rules.getValidOffsets(local);
        if (offsets.size() == 1) {
            return List.of(local.toInstant(offsets.get(0)));
        }
        if (offsets.isEmpty()) {
            return afterGap(rules.getTransition(local));
        }
        Instant first = local.toInstant(offsets.get(0));
        return everyHour ? List.of(first, local.toInstant(offsets.get(1))) : List.of(first);
    }

    private List<Instant> afterGap(ZoneOffsetTransition gap) {
        LocalDateTime end = gap.getDateTimeAfter();
        LocalDateTime soon = end.plus(gap.getDuration());
        boolean dueAnyway = nextLocal(end.minusSeconds(1))
                .filter(next -> next.isBefore(soon))
                .isPresent();
        return dueAnyway ? List.of() : List.of(gap.getInstant());
    }

    private Optional<LocalDateTime> nextLocal(LocalDateTime after) {
        return times.nextExecution(after.atZone(ZoneOffset.UTC)).map(time -> time.toLocalDateTime());
    }
}
