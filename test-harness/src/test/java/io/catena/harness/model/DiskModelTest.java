package io.catena.harness.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The oracle's own claims. */
class DiskModelTest {
    private final DiskModel disk = DiskModel.empty(8 * DiskModel.SECTOR);
    private final byte[] content = new byte[8 * DiskModel.SECTOR];

    private DiskModel.Write write(long sector, int count) {
        DiskModel.Write write = disk.write(sector, count);
        disk.answered(write);
        return write;
    }

    private void flush() {
        disk.flushed(disk.flush());
    }

    private void put(DiskModel.Write write) {
        write.bytes().get(content, (int) write.offset(), write.count() * DiskModel.SECTOR);
    }

    @Test
    void afterAKillOnlyTheLastAnsweredValueIsAllowed() {
        write(1, 1);
        DiskModel.Write last = write(1, 1);
        assertThat(disk.allowed(1)).containsExactly(last.value());
    }

    @Test
    void ofAWriteThatWasNotAnsweredTheOldAndTheNewValueAreAllowed() {
        DiskModel.Write old = write(1, 1);
        DiskModel.Write unanswered = disk.write(0, 2);
        assertThat(disk.allowed(0)).containsExactly(0, unanswered.value());
        assertThat(disk.allowed(1)).containsExactly(old.value(), unanswered.value());
    }

    @Test
    void afterAPowerCutAllValuesSinceTheLastFlushAreAllowed() {
        DiskModel.Write lost = write(1, 1);
        DiskModel.Write flushed = write(1, 1);
        flush();
        DiskModel.Write later = write(1, 1);
        assertThat(disk.allowedAfterPowerCut(1))
                .containsExactly(flushed.value(), later.value())
                .doesNotContain(lost.value());
    }

    @Test
    void aFlushDoesNotCoverWhatWasAnsweredAfterItBegan() {
        DiskModel.Write before = write(1, 1);
        long flush = disk.flush();
        DiskModel.Write during = write(1, 1);
        disk.flushed(flush);
        assertThat(disk.allowedAfterPowerCut(1)).containsExactly(before.value(), during.value());
    }

    @Test
    void zerosAndGarbageAndDataOfAnotherSectorAreFoundOut() {
        DiskModel.Write write = write(2, 2);
        flush();
        assertThatThrownBy(() -> disk.check(content)).hasMessageContaining("sector 2 has 0, allowed are [1]");
        put(write);
        assertThatCode(() -> disk.check(content)).doesNotThrowAnyException();
        System.arraycopy(content, 2 * DiskModel.SECTOR, content, 3 * DiskModel.SECTOR, DiskModel.SECTOR);
        assertThatThrownBy(() -> disk.check(content)).hasMessageContaining("sector 3 has garbage");
        put(write);
        content[2 * DiskModel.SECTOR + 511]++;
        assertThatThrownBy(() -> disk.check(content)).hasMessageContaining("sector 2 has garbage");
    }

    @Test
    void aSectorThatWasNeverWrittenMustBeZero() {
        content[7 * DiskModel.SECTOR + 8] = 1;
        assertThatThrownBy(() -> disk.check(content)).hasMessageContaining("sector 7 has garbage");
    }

    @Test
    void whatAPowerCutLeftIsDurable() {
        DiskModel.Write first = write(1, 1);
        write(1, 1);
        put(first);
        disk.checkAfterPowerCut(content);
        assertThat(disk.allowedAfterPowerCut(1)).containsExactly(first.value());
    }

    @Test
    void whatAKillLeftCanStillBeLostInAPowerCut() {
        DiskModel.Write write = write(1, 1);
        put(write);
        disk.check(content);
        assertThat(disk.allowed(1)).containsExactly(write.value());
        assertThat(disk.allowedAfterPowerCut(1)).containsExactly(0, write.value());
    }

    @Test
    void aDiskThatIsPutUponAnotherHasTheOthersDataWhereItWasNotWritten() {
        DiskModel parent = disk.sibling(disk.sizeBytes());
        parent.answered(parent.write(1, 3));
        DiskModel.Write own = write(2, 1);
        disk.answered(disk.zero(3, 1));
        disk.flushed(disk.flush());
        DiskModel.Write unflushed = write(5, 1);
        DiskModel composed = disk.over(parent);
        assertThat(composed.allowedAfterPowerCut(1)).isEqualTo(parent.allowed(1));
        assertThat(composed.allowedAfterPowerCut(2)).containsExactly(own.value());
        assertThat(composed.allowedAfterPowerCut(3)).containsExactly(0);
        assertThat(composed.allowedAfterPowerCut(4)).containsExactly(0);
        assertThat(composed.allowedAfterPowerCut(5)).containsExactly(0, unflushed.value());
    }

    @Test
    void aFrozenCopyHasWhatTheDiskHasNowForGood() {
        write(1, 1);
        DiskModel.Write last = write(1, 1);
        DiskModel copy = disk.frozen();
        write(1, 1);
        assertThat(copy.allowedAfterPowerCut(1)).containsExactly(last.value());
        Arrays.fill(content, (byte) 0);
        assertThatThrownBy(() -> copy.checkAfterPowerCut(content)).hasMessageContaining("sector 1");
    }
}
