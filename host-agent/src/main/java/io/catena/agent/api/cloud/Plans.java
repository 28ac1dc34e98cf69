package io.catena.agent.api.cloud;

import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.remedy.ApiWords;
import io.catena.api.ChainNode;
import io.catena.api.GcStatus;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.SrInventory;
import io.catena.api.StorageHost;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What requests that destroy or move something would do: {@code ?dryRun=true}. Nothing is changed. */
final class Plans {
    static final Set<String> KNOWN =
            Set.of("destroyVdi", "revertVdi", "resetVdi", "detachSr", "destroySr", "checkSr", "runGc", "detachVdi");

    private final StorageHost host;
    private final Names names;
    private final PlannedRoutes.Users users;

    /**
     * @param users who has a disk beside its holders
     */
    Plans(StorageHost host, PlannedRoutes.Users users) {
        this.host = host;
        this.users = users;
        names = new Names(host);
    }

    /**
     * What would be done.
     *
     * @param effects in order, as sentences
     * @param losesContent whether something is lost that nothing else holds
     * @param confirm what a person should type before it is done; null if nothing is lost
     * @param blockers why it would be refused now; empty if it would be done
     * @param bytesFreed how much space comes back at once, and with the collections that follow
     * @param bytesToMove how much merging copies afterwards
     */
    record Plan(
            String operation,
            List<String> effects,
            boolean losesContent,
            @Nullable String confirm,
            List<String> blockers,
            long bytesFreed,
            long bytesToMove) {}

    Plan plan(String operation, Call call) {
        return switch (operation) {
            case "destroyVdi" -> destroyVdi(call);
            case "revertVdi" -> revert(call);
            case "resetVdi" -> reset(call);
            case "detachVdi" -> detachVdi(call);
            case "detachSr" -> detach(call);
            case "destroySr" -> destroySr(call);
            case "checkSr" -> check(call);
            case "runGc" -> collect(call);
            default -> throw new IllegalArgumentException("no plan for " + operation);
        };
    }

    private Plan destroyVdi(Call call) {
        Names.Place place = names.vdi(call.variable());
        Vdi vdi = place.repository().vdi(place.vdi());
        List<String> effects = new ArrayList<>();
        boolean snapshot = vdi.snapshotOf() != null;
        effects.add((snapshot ? "Snapshot " : "Disk ") + called(vdi) + " is deleted, and its content is lost.");
        Optional<ChainNode> parent = parent(place.repository().nodes(), vdi.vdi());
        parent.ifPresent(node -> effects.add("Its base copy " + node.file()
                + (node.children() == 1
                        ? " is needed by nobody else, and is deleted by the next collection."
                        : node.children() == 2
                                ? " is needed by one other then, and merged with it by the next collection."
                                : " stays: others build on it.")));
        long freed = vdi.physicalBytes() + bytes(parent.filter(node -> node.children() == 1));
        long moved = bytes(parent.filter(node -> node.children() == 2));
        return new Plan("destroyVdi", effects, true, confirm(vdi), blockers(vdi), freed, moved);
    }

    private static Optional<ChainNode> parent(List<ChainNode> nodes, VdiId id) {
        Optional<String> parent =
                nodes.stream().filter(node -> id.equals(node.id())).findFirst().map(ChainNode::parent);
        return nodes.stream()
                .filter(node -> parent.filter(node.file()::equals).isPresent())
                .findFirst();
    }

    private static long bytes(Optional<ChainNode> node) {
        return node.map(ChainNode::physicalBytes).orElse(0L);
    }

    private Plan revert(Call call) {
        Vdi snapshot = vdi(call.body().string("snapshot"));
        call.body().nothingElse();
        Vdi vdi = vdi(call.variable());
        return new Plan(
                "revertVdi",
                List.of(
                        "Disk " + called(vdi) + " gets the content of snapshot " + called(snapshot) + ".",
                        "What was written to it since its newest snapshot is lost."),
                true,
                confirm(vdi),
                blockers(vdi),
                vdi.physicalBytes(),
                0);
    }

    private Plan reset(Call call) {
        call.body().nothingElse();
        Vdi vdi = vdi(call.variable());
        return new Plan(
                "resetVdi",
                List.of("What was written to disk " + called(vdi) + " since it was cut is lost."),
                true,
                confirm(vdi),
                blockers(vdi),
                vdi.physicalBytes(),
                0);
    }

    private Plan detachVdi(Call call) {
        Optional<String> holder = call.body().optionalString("holder");
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        Vdi vdi = place.repository().vdi(place.vdi());
        Map<Boolean, List<Hold>> ends = vdi.holds().stream()
                .collect(Collectors.partitioningBy(hold ->
                        holder.filter(name -> !name.equals(hold.holder())).isEmpty()));
        List<Hold> lost = ends.getOrDefault(true, List.of());
        List<Hold> kept = ends.getOrDefault(false, List.of());
        List<String> effects = new ArrayList<>();
        if (lost.isEmpty()) {
            effects.add("Nothing: " + (holder.isEmpty() ? "nobody" : who(holder.get())) + " has it attached.");
        }
        lost.forEach(hold -> effects.add(capital(who(hold.holder())) + " has it " + hold.how() + ", and loses it."));
        boolean wasActive = lost.stream().anyMatch(hold -> hold.active() != null);
        if (wasActive && kept.stream().allMatch(hold -> hold.active() == null)) {
            effects.add(
                    "Requests that were received are answered, and all writes made durable; then its clients lose their"
                            + " connections, and what they still hold in their caches is lost: unmount it there first.");
            effects.addAll(device(vdi));
            effects.addAll(users.of(vdi.vdi()));
        }
        kept.forEach(hold -> effects.add("It stays " + hold.text() + "."));
        return new Plan("detachVdi", effects, false, wasActive ? confirm(vdi) : null, List.of(), 0, 0);
    }

    private static List<String> device(Vdi vdi) {
        String device = vdi.export() == null ? null : vdi.export().device();
        return device == null
                ? List.of()
                : List.of("Block device " + device + " goes; it is refused while somebody has that open.");
    }

    private static String who(String holder) {
        return holder.equals(Hold.HOST) ? "this host" : "\"" + holder + "\"";
    }

    private static String capital(String words) {
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }

    private Plan detach(Call call) {
        boolean force = call.body().flag("force");
        call.body().nothingElse();
        SrId id = names.sr(call.variable());
        List<String> effects = new ArrayList<>(List.of("SR " + id + " is not served any more; its files stay."));
        List<String> users = host.repository(id).holds().stream()
                .map(hold -> "VDI " + hold.vdi() + " is " + hold.text())
                .toList();
        if (force) {
            users.forEach(user -> effects.add(user + ", and is cut off."));
        }
        for (Job job : host.jobs()) {
            if (job.sr().equals(id) && !job.state().ended()) {
                effects.add("Job " + job.id() + " (" + job.kind() + ") ends, and goes on after an attach.");
            }
        }
        return new Plan("detachSr", effects, false, null, force ? List.of() : users, 0, 0);
    }

    private Plan destroySr(Call call) {
        SrId id = names.sr(call.variable());
        SrInventory inventory = host.repository(id);
        List<String> blockers = inventory.vdis().stream()
                .map(vdi -> "There is a disk: " + called(vdi))
                .limit(10)
                .toList();
        String name = inventory.stat().sr().name();
        return new Plan("destroySr", List.of("SR " + name + " is deleted."), true, name, blockers, 0, 0);
    }

    private Plan check(Call call) {
        boolean repair = call.body().flag("repair");
        call.body().nothingElse();
        List<String> effects = host.repository(names.sr(call.variable())).check(false).findings().stream()
                .filter(finding -> repair && finding.repairable())
                .map(finding -> finding.file() + ": " + finding.problem() + " " + ApiWords.of(finding.correction()))
                .toList();
        return new Plan("checkSr", effects, false, null, List.of(), 0, 0);
    }

    private Plan collect(Call call) {
        GcStatus status = host.repository(names.sr(call.variable())).garbage().status();
        return new Plan(
                "runGc",
                status.plan().stream()
                        .map(step ->
                                step.way().name().toLowerCase(Locale.ROOT) + " " + step.node() + ": " + step.reason())
                        .toList(),
                false,
                null,
                status.refused().stream()
                        .map(refusal -> refusal.node() + ": " + ApiWords.of(refusal.reason()))
                        .toList(),
                status.plan().stream().mapToLong(GcStatus.Step::bytesFreed).sum(),
                status.plan().stream().mapToLong(GcStatus.Step::bytesToMove).sum());
    }

    private Vdi vdi(String text) {
        Names.Place place = names.vdi(text);
        return place.repository().vdi(place.vdi());
    }

    static String called(Vdi vdi) {
        return vdi.name().isEmpty() ? vdi.vdi().toString() : "\"" + vdi.name() + "\" (" + vdi.vdi() + ")";
    }

    private static String confirm(Vdi vdi) {
        return vdi.name().isEmpty() ? vdi.vdi().toString() : vdi.name();
    }

    private static List<String> blockers(Vdi vdi) {
        return vdi.holds().stream().map(Hold::text).map(text -> "It is " + text).toList();
    }
}
