package io.catena.agent.control;

import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.Uuids;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Finds SRs and VDIs by what people call them: a UUID, or a name that only one of them has. */
public final class Names {
    private static final Advice SEE =
            Advice.of("See: ").then(Remedy.of(Verb.SR_LS)).then(" and ").then(Remedy.of(Verb.VDI_LS, "SR"));

    private final StorageHost host;

    public Names(StorageHost host) {
        this.host = host;
    }

    /** A VDI and the SR that holds it. */
    public record Place(SrId sr, StorageRepository repository, VdiId vdi) {}

    /** Returns the SR that {@code text} means; whether it is attached does not matter. */
    public SrId sr(String text) {
        if (Uuids.isUuid(text)) {
            return SrId.parse(text);
        }
        List<Sr> matches =
                host.srs().stream().filter(sr -> sr.name().equals(text)).toList();
        if (matches.isEmpty()) {
            throw new SrException(SrError.SR_UNAVAILABLE, "There is no SR called \"" + text + "\" on this host")
                    .correction(Advice.of("See: ")
                            .then(Remedy.of(Verb.SR_LS))
                            .then("; or attach it by its directory: ")
                            .then(Remedy.of(Verb.SR_ATTACH, "DIR")));
        }
        if (matches.size() > 1) {
            throw ambiguous(
                    text,
                    "SRs",
                    matches.stream().map(sr -> sr.id() + " (" + sr.path() + ")").toList());
        }
        return matches.get(0).id();
    }

    /** Returns the VDI that {@code text} means, in whichever attached SR it is. */
    public Place vdi(String text) {
        return Uuids.isUuid(text) ? byId(VdiId.parse(text)) : byName(text);
    }

    /**
     * Returns the VDI that {@code text} means.
     *
     * @throws SrException if it is in another SR than {@code sr}
     */
    public VdiId vdiIn(SrId sr, String text) {
        Place place = vdi(text);
        if (!place.sr().equals(sr)) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "VDI " + place.vdi() + " is in SR " + place.sr() + ", and has to be one of SR " + sr)
                    .correction("Choose a disk of the same tree: ", Remedy.of(Verb.VDI_TREE, sr));
        }
        return place.vdi();
    }

    /**
     * An SR that cannot answer must not hide a VDI in another one. Copies of an SR have VDIs of the same ids; to take the
     * first would be to write to the wrong disk. What is held is there: the host that has the SR, if it is another, need not be
     * asked, for a guest may stand still meanwhile.
     */
    private Place byId(VdiId id) {
        List<Place> places = new ArrayList<>();
        List<String> holders = new ArrayList<>();
        SrException trouble =
                new SrException(SrError.VDI_MISSING, "There is no VDI " + id + " in any attached SR").correction(SEE);
        for (Sr sr : attached()) {
            try {
                StorageRepository repository = host.repository(sr.id());
                VdiId found = isHeld(repository, id) ? id : repository.vdi(id).vdi();
                places.add(new Place(sr.id(), repository, found));
                holders.add(sr.id() + " (" + sr.path() + ")");
            } catch (SrException e) {
                trouble = e.error() == SrError.VDI_MISSING ? trouble : e;
            }
        }
        if (places.isEmpty()) {
            throw trouble;
        }
        if (places.size() > 1) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            places.size() + " attached SRs have a VDI " + id + ": " + String.join(", ", holders))
                    .correction("Detach all but one of them: ", Remedy.of(Verb.SR_DETACH, "SR"));
        }
        return places.get(0);
    }

    private static boolean isHeld(StorageRepository repository, VdiId id) {
        return repository.holds().stream().anyMatch(hold -> hold.vdi().equals(id));
    }

    /** A disk goes before snapshots of its name. */
    private Place byName(String name) {
        List<Place> places = new ArrayList<>();
        List<Place> snapshots = new ArrayList<>();
        List<String> candidates = new ArrayList<>();
        SrException trouble = new SrException(
                        SrError.VDI_MISSING, "There is no VDI called \"" + name + "\" in any attached SR")
                .correction(SEE);
        for (Sr sr : attached()) {
            try {
                StorageRepository repository = host.repository(sr.id());
                for (Vdi vdi : repository.vdis()) {
                    if (vdi.name().equals(name)) {
                        (vdi.snapshotOf() == null ? places : snapshots).add(new Place(sr.id(), repository, vdi.vdi()));
                        candidates.add(vdi.vdi() + " (in SR " + sr.name() + ")");
                    }
                }
            } catch (SrException e) {
                trouble = e;
            }
        }
        if (places.isEmpty()) {
            places = snapshots;
        }
        if (places.isEmpty()) {
            throw trouble;
        }
        if (places.size() > 1) {
            throw ambiguous(name, "VDIs", candidates);
        }
        return places.get(0);
    }

    private List<Sr> attached() {
        return host.srs().stream().filter(Sr::attached).toList();
    }

    private static SrException ambiguous(String name, String what, List<String> candidates) {
        return new SrException(
                        SrError.BAD_REQUEST,
                        candidates.size() + " " + what + " are called \"" + name + "\": "
                                + candidates.stream().sorted().collect(Collectors.joining(", ")))
                .correction("Give the UUID.");
    }
}
