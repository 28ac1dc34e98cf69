package io.catena.agent.schedule.policy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hours of each day in which no snapshot is to be taken.
 *
 * @param to after midnight if it is not after {@code from}
 */
record Blackout(LocalTime from, LocalTime to) {
    private static final Pattern FORM = Pattern.compile("([01]\\d|2[0-3]):([0-5]\\d)-([01]\\d|2[0-3]):([0-5]\\d)");

    static Blackout parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw bad("The blackout is \"" + text + "\", expected HH:MM-HH:MM");
        }
        LocalTime from = LocalTime.of(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
        LocalTime to = LocalTime.of(Integer.parseInt(matcher.group(3)), Integer.parseInt(matcher.group(4)));
        if (from.equals(to)) {
            throw bad("The blackout \"" + text + "\" has no length");
        }
        return new Blackout(from, to);
    }

    private static SrException bad(String message) {
        return new SrException(SrError.BAD_REQUEST, message).field("blackouts");
    }

    /** Returns the first instant, not before {@code instant}, that is outside. */
    Instant endAt(Instant instant, ZoneId zone) {
        LocalDate today = instant.atZone(zone).toLocalDate();
        for (LocalDate day = today.minusDays(1); !day.isAfter(today); day = day.plusDays(1)) {
            Instant begin = ZonedDateTime.of(day, from, zone).toInstant();
            LocalDate last = to.isAfter(from) ? day : day.plusDays(1);
            Instant end = ZonedDateTime.of(last, to, zone).toInstant();
            if (!instant.isBefore(begin) && instant.isBefore(end)) {
                return end;
            }
        }
        return instant;
    }
}
