package io.catena.agent.schedule;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** What hosts ask each other about schedules, as JSON. */
final class ScheduleMessages {
    private static final Map<String, BiFunction<ScheduleBook, Question, Answer>> ANSWERS = Map.of(
            "list", (book, question) -> Answer.of(book.all(), List.of()),
            "put", (book, question) -> Answer.of(List.of(book.put(question.required())), List.of()),
            "remove", (book, question) -> Answer.of(List.of(), book.remove(question.required(), question.purge)),
            "run", ScheduleMessages::run);

    private ScheduleMessages() {}

    /**
     * A question.
     *
     * @param what is to be done
     * @param schedule of what; null if of all
     * @param purge whether the snapshots of one that is removed go, too
     */
    record Question(String what, @Nullable Schedule schedule, boolean purge) {
        Schedule required() {
            return Objects.requireNonNull(schedule, "checked before");
        }
    }

    /** A schedule and how far it has come; of its runs the last. */
    record Told(Schedule schedule, ScheduleState state) {
        Told {
            Objects.requireNonNull(schedule, "schedule");
            Objects.requireNonNull(state, "state");
        }
    }

    /**
     * An answer.
     *
     * @param purged snapshots that went
     */
    record Answer(List<Told> schedules, List<VdiId> purged) {
        /** What is read may lack anything. */
        Answer {
            schedules = List.copyOf(schedules);
            purged = List.copyOf(purged);
        }

        static Answer of(List<Keeping> schedules, List<VdiId> purged) {
            return new Answer(
                    schedules.stream()
                            .map(keeping ->
                                    new Told(keeping.schedule(), keeping.state().shortened(ScheduleView.SHOWN_RUNS)))
                            .toList(),
                    purged);
        }

        List<Keeping> keepings() {
            return schedules.stream()
                    .map(told -> new Keeping(told.schedule, told.state))
                    .toList();
        }
    }

    /**
     * Does what another host asks for.
     *
     * @param book the schedules of the SR, which this host runs
     */
    static String answer(ScheduleBook book, SrId sr, String text) {
        Question question = read(text, Question.class);
        BiFunction<ScheduleBook, Question, Answer> known =
                ANSWERS.get(Optional.ofNullable(question.what).orElse(""));
        if (known == null) {
            throw new SrException(SrError.UNIMPLEMENTED, "This host cannot \"" + question.what + "\" schedules")
                    .correction("Update Catena on the hosts to the same version.");
        }
        check(question, sr);
        return Json.write(known.apply(book, question));
    }

    private static void check(Question question, SrId sr) {
        Schedule schedule = question.schedule;
        boolean isGood = schedule == null
                ? "list".equals(question.what)
                : Uuids.isUuid(schedule.id()) && schedule.sr().equals(sr);
        if (!isGood) {
            throw new SrException(SrError.BAD_REQUEST, "The question is of no schedule of SR " + sr);
        }
    }

    private static Answer run(ScheduleBook book, Question question) {
        book.run(question.required());
        return Answer.of(List.of(), List.of());
    }

    static Answer readAnswer(String text) {
        return read(text, Answer.class);
    }

    private static <T> T read(String text, Class<T> type) {
        try {
            return Json.read(text, type);
        } catch (JsonParseException e) {
            throw new SrException(
                            SrError.INTERNAL, "What another host says of schedules is wrong: " + e.getMessage(), e)
                    .correction("Update Catena on the hosts to the same version.");
        }
    }
}
