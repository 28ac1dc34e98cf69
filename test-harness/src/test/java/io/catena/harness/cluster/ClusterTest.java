package io.catena.harness.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.cluster.ClusterPlan.Fence;
import io.catena.harness.cluster.ClusterPlan.Omission;
import io.catena.harness.cluster.ClusterPlan.StoreKind;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Three hosts and one disk, with links that are cut and processes that are stopped at any call. {@code ClusterCampaign} runs
 * more of it.
 */
@Tag("slow")
class ClusterTest {
    private static final long MILLIS = 150_000;
    private static final int SCHEDULES = 5;
    private static final int DIRECTED = 5;

    @ParameterizedTest
    @CsvSource({"LOCK,FILES", "LOCK,SERVICE", "COPY,FILES", "COPY,SERVICE"})
    void nobodyWritesTwiceAndNothingAnsweredIsLost(Fence fence, StoreKind store) throws IOException {
        int takeovers = 0;
        int answers = 0;
        int removed = 0;
        for (long seed = 0; seed < Integer.getInteger("seeds", SCHEDULES); seed++) {
            ClusterRun.Outcome outcome = ClusterRun.run(ClusterPlan.sound(fence, store), seed, MILLIS);
            assertThat(outcome.violation()).as("seed " + seed).isNull();
            takeovers += outcome.takeovers();
            answers += outcome.answers();
            removed += outcome.removed();
        }
        assertThat(removed).isGreaterThan(SCHEDULES);
        assertThat(takeovers).isGreaterThan(2 * SCHEDULES);
        assertThat(answers).isGreaterThan(40 * SCHEDULES);
    }

    /** Else the simulation would be blind. Of each omission a seed that shows it; the campaign finds more. */
    @ParameterizedTest
    @CsvSource({"DATA_FENCE,LOCK,SERVICE,0", "NAME_FENCE,LOCK,FILES,3", "SELF_FENCING,LOCK,SERVICE,8"})
    void whatIsLeftOutIsMissed(Omission omission, Fence fence, StoreKind store, long seed) throws IOException {
        ClusterPlan sound = ClusterPlan.sound(fence, store);
        assertThat(ClusterRun.run(sound, seed, MILLIS).violation()).isNull();
        assertThat(ClusterRun.run(sound.without(omission), seed, MILLIS).violation())
                .isNotNull();
    }

    /** A kind of schedule. */
    private interface Schedule {
        ClusterRun.Outcome run(ClusterPlan plan, long seed) throws IOException;
    }

    /** With everything as it should be nothing goes wrong; without something some schedule of the kind shows that it is missing. */
    private static void isMissed(Omission omission, ClusterPlan sound, Schedule schedule) throws IOException {
        String shown = null;
        for (long seed = 1; shown == null && seed <= DIRECTED; seed++) {
            assertThat(schedule.run(sound, seed).violation()).as("seed " + seed).isNull();
            shown = schedule.run(sound.without(omission), seed).violation();
        }
        assertThat(shown).as("without " + omission).isNotNull();
    }

    /** With locks the claiming host would wait for the other's, which that loses only when it was silent for longer. */
    @Test
    void aHostThatIsTakenForDeadTooSoonStillAnswers() throws IOException {
        ClusterPlan sound = ClusterPlan.sound(Fence.COPY, StoreKind.SERVICE);
        isMissed(Omission.PATIENCE, sound, (plan, seed) -> ClusterRun.run(plan, seed, MILLIS));
    }

    @ParameterizedTest
    @EnumSource(Fence.class)
    void aHostThatStopsBeforeItAnswersDoesNotAnswer(Fence fence) throws IOException {
        ClusterPlan sound = ClusterPlan.sound(fence, StoreKind.SERVICE);
        isMissed(Omission.CHECK_BEFORE_ANSWER, sound, DirectedRun::stopsBeforeAnAnswer);
    }

    /** With locks the file server would refuse it anyway. */
    @ParameterizedTest
    @EnumSource(StoreKind.class)
    void aHostThatWasPausedIsSilentFromItsNextRenewalOn(StoreKind store) throws IOException {
        ClusterPlan sound = ClusterPlan.sound(Fence.COPY, store);
        isMissed(Omission.LOOK_AT_RENEWAL, sound, DirectedRun::wakesAfterATakeover);
    }

    /** With locks the claiming host would wait for the other's. */
    @ParameterizedTest
    @EnumSource(StoreKind.class)
    void aRenewalThatCrossesAClaimIsWaitedFor(StoreKind store) throws IOException {
        ClusterPlan sound = ClusterPlan.sound(Fence.COPY, store);
        isMissed(Omission.LOOK_AFTER_CLAIM, sound, DirectedRun::wakesBeforeTheClaim);
    }

    /** As there may be when notes of hosts that are no more are removed. */
    @ParameterizedTest
    @EnumSource(StoreKind.class)
    void aNoteThatIsNotThereIsNoProof(StoreKind store) throws IOException {
        ClusterPlan sound = ClusterPlan.sound(Fence.COPY, store);
        isMissed(Omission.WAIT_WITHOUT_NOTE, sound, DirectedRun::losesItsNote);
    }

    @ParameterizedTest
    @EnumSource(Fence.class)
    void aScheduleDependsOnItsSeedAlone(Fence fence) throws IOException {
        ClusterPlan plan = ClusterPlan.sound(fence, StoreKind.FILES);
        assertThat(ClusterRun.run(plan, 7, MILLIS)).isEqualTo(ClusterRun.run(plan, 7, MILLIS));
    }
}
