package io.catena.agent.schedule;

import com.google.gson.JsonObject;
import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Route;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What can be asked about schedules. {schedule} is an id, or a name that only one has. */
public final class ScheduleRoutes {
    private static final int USUAL_PREVIEW = 10;
    private static final int MOST_PREVIEW = 200;

    private final Schedules schedules;
    private final StorageHost seen;
    private final Names names;
    private final Supplier<UUID> newIds;

    /**
     * @param seen the host with the SRs that there are for the caller
     */
    public ScheduleRoutes(Schedules schedules, StorageHost seen, Supplier<UUID> newIds) {
        this.schedules = schedules;
        this.seen = seen;
        this.newIds = newIds;
        names = new Names(seen);
    }

    public List<Route> all() {
        return List.of(
                Route.get("listSchedules", "/v1/schedules", call -> list()),
                Route.post("createSchedule", "/v1/schedules", this::create).answering(Route.CREATED),
                Route.post("previewNewSchedule", "/v1/schedules/preview", this::previewNew),
                Route.get("getSchedule", "/v1/schedules/{schedule}", call -> view(find(call))),
                Route.of("PATCH", "patchSchedule", "/v1/schedules/{schedule}", this::patch),
                Route.of("DELETE", "deleteSchedule", "/v1/schedules/{schedule}", this::delete),
                Route.get("previewSchedule", "/v1/schedules/{schedule}/preview", this::preview),
                Route.post("previewChangedSchedule", "/v1/schedules/{schedule}/preview", this::previewChanged),
                Route.post("pauseSchedule", "/v1/schedules/{schedule}/pause", call -> enable(call, false)),
                Route.post("resumeSchedule", "/v1/schedules/{schedule}/resume", call -> enable(call, true)),
                Route.post("runSchedule", "/v1/schedules/{schedule}/run", this::run));
    }

    private Schedules.Place find(Call call) {
        return schedules.find(call.variable(), seen);
    }

    private JsonObject view(Schedules.Place place) {
        return ScheduleView.json(place.keeping(), now());
    }

    private Instant now() {
        return schedules.clock().instant();
    }

    private Object list() {
        List<JsonObject> all = new ArrayList<>();
        for (Sr sr : seen.srs()) {
            if (sr.attached()) {
                told(sr.id()).forEach(keeping -> all.add(ScheduleView.json(keeping, now())));
            }
        }
        return all;
    }

    /** A host of a former version that has an SR does not tell others of its schedules: it hides no other SR's. */
    private List<Keeping> told(SrId sr) {
        try {
            return schedules.book(sr).all();
        } catch (SrException e) {
            if (e.error() == SrError.UNIMPLEMENTED) {
                return List.of();
            }
            throw e;
        }
    }

    /** The fields of {@link Schedule}, with those of the retention beside them. */
    private Object create(Call call) {
        Schedule schedule = made(call.body());
        ScheduleBook where = where(schedule);
        check(schedule, where);
        return ScheduleView.json(where.put(schedule), now());
    }

    /** Of an SR that the caller may not see there is none. */
    private ScheduleBook where(Schedule schedule) {
        seen.repository(schedule.sr());
        return schedules.book(schedule.sr());
    }

    private Schedule made(Body body) {
        return ScheduleBody.made(body, names, newIds.get().toString(), now());
    }

    /** As {@link #create}, but only tells what it would do. */
    private Object previewNew(Call call) {
        Schedule schedule = made(call.body());
        ScheduleBook where = where(schedule);
        check(schedule, where);
        return SchedulePreview.of(schedule, where, now(), count(call));
    }

    private Object patch(Call call) {
        Schedules.Place place = find(call);
        return ScheduleView.json(place.book().put(changed(call, place)), now());
    }

    /** As {@link #patch}, but only tells what it would do then. */
    private Object previewChanged(Call call) {
        Schedules.Place place = find(call);
        return SchedulePreview.of(changed(call, place), place.book(), now(), count(call));
    }

    private Schedule changed(Call call, Schedules.Place place) {
        Schedule changed =
                ScheduleBody.changed(call.body(), names, place.keeping().schedule());
        check(changed, place.book());
        return changed;
    }

    private Object delete(Call call) {
        boolean purge = call.parameters().flag("purge");
        Schedules.Place place = find(call);
        Schedule schedule = place.keeping().schedule();
        List<VdiId> purged = place.book().remove(schedule, purge);
        return Map.of("id", schedule.id(), "purged", purged);
    }

    private Object preview(Call call) {
        Schedules.Place place = find(call);
        return SchedulePreview.of(place.keeping().schedule(), place.book(), now(), count(call));
    }

    private static int count(Call call) {
        return call.parameters()
                .number("count", 1, MOST_PREVIEW)
                .map(Long::intValue)
                .orElse(USUAL_PREVIEW);
    }

    private Object enable(Call call, boolean on) {
        call.body().nothingElse();
        Schedules.Place place = find(call);
        Schedule schedule = place.keeping().schedule();
        Keeping changed =
                schedule.enabled() == on ? place.keeping() : place.book().put(schedule.enabled(on));
        return ScheduleView.json(changed, now());
    }

    private Object run(Call call) {
        call.body().nothingElse();
        Schedules.Place place = find(call);
        place.book().run(place.keeping().schedule());
        return view(place);
    }

    /** Its snapshots must fit into the chains, with those of the other schedules of the same disks. */
    private void check(Schedule schedule, ScheduleBook where) {
        List<Vdi> all = where.repository().vdis();
        Set<VdiId> disks = disks(schedule, all);
        int others = 0;
        for (Keeping other : where.all()) {
            Schedule theirs = other.schedule();
            if (!theirs.id().equals(schedule.id())
                    && disks(theirs, all).stream().anyMatch(disks::contains)) {
                others += theirs.mostKept(other.timing(), now());
            }
        }
        schedule.check(now(), where.repository().stat().chainLimit(), others);
        Admission.checkSpace(
                where.all().stream()
                        .filter(known -> known.schedule().id().equals(schedule.id()))
                        .map(Keeping::state)
                        .findFirst(),
                where.repository());
    }

    private static Set<VdiId> disks(Schedule schedule, List<Vdi> all) {
        return Targets.of(schedule, all).stream().map(Vdi::vdi).collect(Collectors.toSet());
    }
}
