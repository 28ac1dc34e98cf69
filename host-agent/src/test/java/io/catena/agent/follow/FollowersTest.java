package io.catena.agent.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrNotes;
import io.catena.api.VdiId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is kept of followers is read by another host later: a note that says what cannot be is no note that says nothing, and one that
 * is ahead or behind is so only where that does no harm.
 */
class FollowersTest {
    private static final VdiId DISK = new VdiId(new UUID(1, 1));
    private static final String B = "@b/guest";
    private static final String C = "@c/guest";
    private static final String SESSION = "session of b";
    private static final AccessMode RW = AccessMode.READ_WRITE;

    private final MemoryNotes notes = new MemoryNotes();
    private final Deque<Runnable> later = new ArrayDeque<>();

    /** By holder, how each has {@link #DISK} active; empty for not at all. */
    private final Map<String, Optional<AccessMode>> holds = new TreeMap<>();

    /** Notes that nobody keeps. */
    private static final class MemoryNotes implements SrNotes {
        private final Map<String, String> texts = new TreeMap<>();
        private int written;
        private boolean isFull;

        @Override
        public List<String> names() {
            return List.copyOf(texts.keySet());
        }

        @Override
        public Optional<String> read(String name) {
            return Optional.ofNullable(texts.get(name));
        }

        @Override
        public void write(String name, String text) {
            if (isFull) {
                throw new SrException(SrError.SR_NO_SPACE, "full");
            }
            written++;
            texts.put(name, text);
        }

        @Override
        public void delete(String name) {
            texts.remove(name);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[null]",
                "[{}]",
                "[{\"vdi\":\"x\",\"holder\":\"@b/h\",\"mode\":\"rw\"}]",
                "[{\"vdi\":\"00000000-0000-0000-0000-000000000001\",\"holder\":\"dom1\",\"mode\":\"rw\"}]",
                "{}",
                "null",
                "",
                "["
            })
    void aDamagedNoteIsToldWithTheWayOut(String text) {
        notes.write("followers.json", text);

        assertThatThrownBy(() -> read("a")).isInstanceOf(SrException.class).hasMessageContaining("is damaged");
    }

    @Test
    void aGoodNoteGivesRightsByTicketAlone() {
        VdiId disk = new VdiId(new UUID(1, 1));
        notes.write(
                "followers.json",
                "[{\"vdi\":\"" + disk + "\",\"holder\":\"@b/h\",\"mode\":\"rw\",\"active\":\"rw\",\"ticket\":\"t\"}]");
        Followers followers = read("a");

        assertThat(followers.all())
                .containsExactly(new Held(disk, "@b/h", AccessMode.READ_WRITE, AccessMode.READ_WRITE, "t"));
        assertThat(followers.isGood(disk, "t")).isTrue();
        assertThat(followers.isGood(disk, "x")).isFalse();
        assertThat(followers.isGood(new VdiId(new UUID(1, 2)), "t")).isFalse();
    }

    private Followers read(String self) {
        return Followers.read(notes, self, later::add);
    }

    private void become(Followers followers) {
        followers.become(() -> {
            List<Hold> all = new ArrayList<>();
            holds.forEach((holder, active) -> all.add(new Hold(DISK, holder, RW, active.orElse(null))));
            return all;
        });
    }

    /** As an agent does for a follower that asks for the disk; returns the ticket. */
    private String activate(Followers followers, String holder) {
        holds.put(holder, Optional.of(RW));
        become(followers);
        followers.told(DISK, holder, SESSION);
        return ticket(followers.all(), holder);
    }

    private void attach(Followers followers, String... holders) {
        for (String holder : holders) {
            holds.put(holder, Optional.empty());
        }
        become(followers);
    }

    /** As an agent does for a follower that gives the disk up. */
    private void giveUp(Followers followers, String holder, String session) {
        followers.givesUp(DISK, ticket(followers.all(), holder), session);
        take(followers, holder);
    }

    /** As it is taken from somebody who is not asked. */
    private void take(Followers followers, String holder) {
        holds.put(holder, Optional.empty());
        become(followers);
    }

    private static String ticket(List<Held> all, String holder) {
        return all.stream()
                .filter(held -> held.holder().equals(holder) && held.ticket() != null)
                .map(held -> String.valueOf(held.ticket()))
                .findFirst()
                .orElseThrow();
    }

    /** Returns what another host finds. */
    private List<Held> found() {
        return read("other").all();
    }

    private void runLater() {
        while (!later.isEmpty()) {
            later.remove().run();
        }
    }

    @Test
    void whoWasAttachedIsNotedAheadAndActivatedWithoutAnotherNote() {
        Followers followers = read("a");
        attach(followers, B);
        assertThat(followers.all()).containsExactly(new Held(DISK, B, RW, null, null));
        assertThat(followers.isGood(DISK, ticket(found(), B))).isFalse();
        int before = notes.written;

        String ticket = activate(followers, B);

        assertThat(notes.written).isEqualTo(before);
        assertThat(followers.isGood(DISK, ticket)).isTrue();
        assertThat(found()).containsExactly(new Held(DISK, B, RW, RW, ticket));
    }

    @Test
    void whatWasGivenUpIsForgottenLaterAndTheNextTicketIsAnotherOne() {
        Followers followers = read("a");
        attach(followers, B);
        String first = activate(followers, B);
        int before = notes.written;

        giveUp(followers, B, SESSION);

        assertThat(notes.written).isEqualTo(before);
        assertThat(followers.isGood(DISK, first)).isFalse();
        runLater();
        assertThat(notes.written).isEqualTo(before + 1);
        String second = activate(followers, B);
        assertThat(notes.written).isEqualTo(before + 1);
        assertThat(second).isNotEqualTo(first).isEqualTo(ticket(found(), B));
    }

    @Test
    void whoComesBeforeTheNoteWaitsForIt() {
        Followers followers = read("a");
        attach(followers, B);
        String first = activate(followers, B);
        giveUp(followers, B, SESSION);

        String second = activate(followers, B);

        assertThat(second).isNotEqualTo(first).isEqualTo(ticket(found(), B));
        int before = notes.written;
        runLater();
        assertThat(notes.written).isEqualTo(before);
    }

    @Test
    void whatIsLeftForLaterIsWrittenBeforeTheEnd() {
        Followers followers = read("a");
        attach(followers, B);
        String first = activate(followers, B);
        giveUp(followers, B, SESSION);

        followers.settle();

        assertThat(ticket(found(), B)).isNotEqualTo(first);
    }

    /** Who does not know that may be about to repeat its last writes. */
    @Test
    void whatIsTakenFromSomebodyIsNotInTheNoteWhenThatReturns() {
        Followers followers = read("a");
        attach(followers, B);
        String ticket = activate(followers, B);

        take(followers, B);

        assertThat(ticket(found(), B)).isNotEqualTo(ticket);
    }

    /** The agent that gives it up late may have ended, and the next one of its host have the disk by the same ticket. */
    @ParameterizedTest
    @ValueSource(strings = {"another session", ""})
    void onlyWhoAloneHasATicketCanGiveItUp(String session) {
        Followers followers = read("a");
        attach(followers, B);
        String ticket = activate(followers, B);

        giveUp(followers, B, session);

        assertThat(ticket(found(), B)).isNotEqualTo(ticket);
    }

    @Test
    void aTicketThatTwoAgentsWereToldOfIsGivenUpByNone() {
        Followers followers = read("a");
        attach(followers, B);
        String ticket = activate(followers, B);
        followers.told(DISK, B, "next session of b");

        giveUp(followers, B, SESSION);

        assertThat(ticket(found(), B)).isNotEqualTo(ticket);
    }

    @Test
    void anotherFollowerHasItOnlyWhenTheNoteNamesNobodyElse() {
        Followers followers = read("a");
        attach(followers, B, C);
        String ahead = ticket(found(), B);

        String ticket = activate(followers, C);

        assertThat(found()).containsExactly(new Held(DISK, B, RW, null, null), new Held(DISK, C, RW, RW, ticket));
        assertThat(followers.isGood(DISK, ahead)).isFalse();
    }

    @Test
    void aDiskThatMovesIsNotedAheadWhereItGoes() {
        Followers followers = read("a");
        attach(followers, B, C);
        String ticket = activate(followers, B);
        giveUp(followers, B, SESSION);
        runLater();
        int before = notes.written;

        activate(followers, C);

        assertThat(notes.written).isEqualTo(before);
        assertThat(followers.isGood(DISK, ticket)).isFalse();
    }

    @Test
    void whoTakesTheSrNotesAgainWhatWasNotedAheadByTheFormerHost() {
        attach(read("a"), B);
        Followers followers = read("d");
        assertThat(followers.notedAhead(DISK)).isEmpty();
        holds.put(B, Optional.of(RW));
        become(followers);

        assertThat(read("a").notedAhead(DISK)).isEmpty();
    }

    /** Its own guest has the disk, if that is saved; but not if the follower has asked since. */
    @Test
    void aHostThatIsStartedAgainKnowsWhatItNotedAhead() {
        attach(read("a"), B);
        Followers followers = read("a");
        assertThat(followers.notedAhead(DISK)).map(Held::holder).contains(B);

        followers.told(DISK, B, SESSION);
        assertThat(followers.notedAhead(DISK)).isEmpty();
    }

    @Test
    void nobodyHasWhatCannotBeNoted() {
        Followers followers = read("a");
        attach(followers, B, C);
        notes.isFull = true;

        assertThatThrownBy(() -> activate(followers, C)).isInstanceOf(SrException.class);
        assertThat(followers.all()).noneMatch(held -> held.ticket() != null);
        assertThatThrownBy(() -> take(followers, C)).isInstanceOf(SrException.class);
        notes.isFull = false;
        String ticket = activate(followers, B);
        assertThat(found()).contains(new Held(DISK, B, RW, RW, ticket));
    }

    /** Whatever is done, and whenever the host dies: what a follower has is in the note, and what was taken from one is not. */
    @Test
    void theNoteIsTrueOrHarmlessAtAnyTime() {
        for (int seed = 0; seed < 300; seed++) {
            new RandomLife(new Random(seed)).live("seed " + seed);
        }
    }

    /** Followers that get, give up and lose a disk. */
    private static final class RandomLife {
        private static final List<String> HOLDERS = List.of(B, C, "@d/guest");

        private final FollowersTest on = new FollowersTest();
        private final Random random;
        private final Followers followers;
        private final Set<String> taken = new HashSet<>();
        private final Map<String, String> tickets = new HashMap<>();

        RandomLife(Random random) {
            this.random = random;
            followers = on.read("a");
        }

        void live(String as) {
            for (int i = 0; i < 40; i++) {
                on.notes.isFull = random.nextInt(8) == 0;
                String done = turn(HOLDERS.get(random.nextInt(HOLDERS.size())));
                on.notes.isFull = false;
                check(as + " after " + done);
            }
        }

        private String turn(String holder) {
            String active = active();
            try {
                switch (random.nextInt(6)) {
                    case 0 -> on.runLater();
                    case 1 -> {
                        if (active == null) {
                            tickets.put(holder, on.activate(followers, holder));
                        }
                    }
                    case 2, 3 -> {
                        if (active != null) {
                            tickets.remove(active);
                            on.giveUp(followers, active, SESSION);
                        }
                    }
                    case 4 -> {
                        if (active != null) {
                            String ticket = tickets.remove(active);
                            on.take(followers, active);
                            taken.add(ticket);
                        }
                    }
                    default -> {
                        if (!holder.equals(active)) {
                            on.holds.remove(holder);
                            on.become(followers);
                        }
                    }
                }
                return "a turn";
            } catch (SrException full) {
                // As the agent does: nobody got it, and who lost it may not be told yet.
                on.holds.replaceAll((one, mode) -> tickets.containsKey(one) ? mode : Optional.empty());
                return "a failure";
            }
        }

        private @Nullable String active() {
            return on.holds.entrySet().stream()
                    .filter(hold -> hold.getValue().isPresent())
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(null);
        }

        private void check(String as) {
            List<Held> found = on.found();
            tickets.forEach(
                    (holder, ticket) -> assertThat(found).as(as).contains(new Held(DISK, holder, RW, RW, ticket)));
            assertThat(found.stream().filter(held -> held.active() != null))
                    .as(as)
                    .hasSizeLessThan(2);
            assertThat(found).as(as).noneMatch(held -> held.ticket() != null && taken.contains(held.ticket()));
            assertThat(followers.all().stream()
                            .filter(held -> held.ticket() != null)
                            .map(Held::ticket))
                    .as(as)
                    .allMatch(ticket -> tickets.containsValue(String.valueOf(ticket)));
        }
    }
}
