package io.catena.harness.contract;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.StorageLockedException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link Storage} must do, as far as it can be seen without a power cut. */
public abstract class StorageContract {
    /** Returns the storage under test, empty at first; the same one during a test. */
    protected abstract Storage storage() throws IOException;

    /** Returns the absolute path of its root. */
    protected abstract String rootPath();

    /** Creates a file outside the storage, "../{@code path}" as seen from its root. */
    protected abstract void createBeside(String path, String text) throws IOException;

    @Test
    void anEmptyStorageListsNothing() throws IOException {
        assertThat(storage().list("")).isEmpty();
        assertThat(storage().list("missing/directory")).isEmpty();
    }

    @Test
    void listNamesTheFilesOfOneDirectorySorted() throws IOException {
        for (String name : new String[] {"b", "a", "vdi/z", "vdi/y", "vdi/deep/x", "vdix"}) {
            put(name, "");
        }
        assertThat(storage().list("")).containsExactly("a", "b", "vdix");
        assertThat(storage().list("vdi")).containsExactly("vdi/y", "vdi/z");
        assertThat(storage().list("vdi/deep")).containsExactly("vdi/deep/x");
        // A storage may have a directory of its own.
        assertThat(storage().directories(""))
                .filteredOn(name -> !name.equals(".catena"))
                .containsExactly("vdi");
        assertThat(storage().directories("vdi")).containsExactly("vdi/deep");
        assertThat(storage().directories("vdi/deep")).isEmpty();
        assertThat(storage().directories("missing")).isEmpty();
    }

    @Test
    void onlyTheInsideIsListed() {
        assertThatThrownBy(() -> storage().list("..")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDirectoryIsNoFile() throws IOException {
        put("directory/file", "");
        assertThat(storage().exists("directory")).isFalse();
        storage().delete("directory");
        assertThat(storage().exists("directory/file")).isTrue();
    }

    @Test
    void aFileExistsFromItsCreateToItsDelete() throws IOException {
        assertThat(storage().exists("a")).isFalse();
        put("a", "");
        assertThat(storage().exists("a")).isTrue();
        storage().delete("a");
        assertThat(storage().exists("a")).isFalse();
    }

    @Test
    void createRefusesAnExistingName() throws IOException {
        put("a", "kept");
        assertThatThrownBy(() -> storage().create("a"))
                .isInstanceOf(FileAlreadyExistsException.class)
                .hasMessageContaining("a");
        assertThat(get("a")).isEqualTo("kept");
    }

    @Test
    void aLinkIsASecondNameOfTheSameFile() throws IOException {
        put("a", "old");
        try (BlockFile file = storage().open("a")) {
            storage().link("a", "deep/b");
            assertThat(get("deep/b")).isEqualTo("old");
            write(file, 0, "new");
        }
        storage().delete("a");
        assertThat(get("deep/b")).isEqualTo("new");
    }

    @Test
    void aLinkNeverTakesTheNameOfAnotherFile() throws IOException {
        put("a", "a");
        put("b", "b");
        assertThatThrownBy(() -> storage().link("a", "b")).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(get("b")).isEqualTo("b");
        storage().link("a", "c");
        storage().link("a", "c");
        assertThatThrownBy(() -> storage().link("missing", "d")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aDirectoryIsMadeAndRemoved() throws IOException {
        assertThat(storage().directories("top")).isEmpty();
        storage().makeDirectory("top/a");
        assertThatThrownBy(() -> storage().makeDirectory("top/a")).isInstanceOf(FileAlreadyExistsException.class);
        put("top/b/file", "");
        assertThat(storage().directories("top")).containsExactly("top/a", "top/b");
        put("top/a/file", "");
        storage().removeDirectory("top/a");
        assertThat(storage().directories("top")).contains("top/a");
        storage().delete("top/a/file");
        storage().removeDirectory("top/a");
        storage().removeDirectory("top/a");
        assertThat(storage().directories("top")).containsExactly("top/b");
    }

    /** Else what comes late would make again what was removed so that it fails. */
    @Test
    protected void noChangeOfNamesMakesTheDirectoryOfAnEpoch() throws IOException {
        String late = Storage.EPOCHS + "/7/file";
        put("a", "");
        assertThatThrownBy(() -> storage().create(late)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage().rename("a", late)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage().link("a", late)).isInstanceOf(NoSuchFileException.class);
        storage().makeDirectory(Storage.EPOCHS + "/7");
        storage().link("a", late);
        storage().rename("a", late + "2");
        put(late + "3", "");
        assertThat(storage().directories(Storage.EPOCHS)).containsExactly(Storage.EPOCHS + "/7");
        assertThat(storage().list(Storage.EPOCHS + "/7")).containsExactly(late, late + "2", late + "3");
    }

    @Test
    void aMissingFileCannotBeOpenedRenamedOrAskedAbout() {
        assertThatThrownBy(() -> storage().open("a")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage().openReadOnly("a")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage().info("a")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage().rename("a", "b")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aMissingFileCanBeDeleted() throws IOException {
        storage().delete("a");
        storage().delete("missing/directory/a");
        assertThat(storage().exists("a")).isFalse();
    }

    @Test
    void aRenamedFileKeepsItsBytes() throws IOException {
        put("a", "text");
        storage().rename("a", "new/directory/b");
        assertThat(storage().exists("a")).isFalse();
        assertThat(get("new/directory/b")).isEqualTo("text");
    }

    @Test
    void aRenameReplacesAnExistingFile() throws IOException {
        put("a", "new");
        put("b", "old");
        storage().rename("a", "b");
        assertThat(storage().list("")).containsExactly("b");
        assertThat(get("b")).isEqualTo("new");
    }

    @Test
    void anOpenFileCanBeRenamedReplacedAndDeleted() throws IOException {
        put("a", "one");
        put("b", "two");
        try (BlockFile a = storage().open("a");
                BlockFile b = storage().open("b")) {
            storage().rename("a", "b");
            storage().delete("b");
            write(a, 3, "+");
            write(b, 3, "+");
            assertThat(text(a)).isEqualTo("one+");
            assertThat(text(b)).isEqualTo("two+");
        }
        assertThat(storage().list("")).isEmpty();
    }

    @Test
    void aFileIsSeenByAllWhoHaveItOpen() throws IOException {
        try (BlockFile writer = storage().create("a");
                BlockFile reader = storage().openReadOnly("a")) {
            write(writer, 0, "text");
            assertThat(text(reader)).isEqualTo("text");
            assertThat(reader.name()).isEqualTo("a");
        }
    }

    @Test
    void infoTellsSizeAllocationAndTime() throws IOException {
        put("a", "text");
        Storage.FileInfo before = storage().info("a");
        assertThat(before.sizeBytes()).isEqualTo(4);
        assertThat(before.allocatedBytes()).isPositive();
        assertThat(before.modifiedEpochSeconds()).isGreaterThan(1_700_000_000);

        try (BlockFile file = storage().open("a")) {
            write(file, 4, "more");
        }
        assertThat(storage().info("a").sizeBytes()).isEqualTo(8);
        assertThat(storage().info("a").modifiedEpochSeconds()).isGreaterThanOrEqualTo(before.modifiedEpochSeconds());
    }

    @Test
    void spaceTellsHowMuchOfTheWholeIsFree() throws IOException {
        put("a", "text");
        Storage.Space space = storage().space();
        assertThat(space.freeBytes()).isPositive().isLessThan(space.totalBytes());
    }

    @Test
    void syncsAreRepeatable() throws IOException {
        storage().syncNames();
        put("directory/a", "text");
        storage().syncNames();
        storage().delete("directory/a");
        storage().syncNames();
        storage().syncNames();
        assertThat(storage().list("directory")).isEmpty();
    }

    @Test
    void aLockIsHeldUntilItIsClosed() throws IOException {
        Closeable lock = storage().lock("private/lock");
        assertThatThrownBy(() -> storage().lock("private/lock"))
                .isInstanceOf(StorageLockedException.class)
                .hasMessageContaining("in use")
                .hasMessageContaining(rootPath());
        lock.close();
        lock.close();
        storage().lock("private/lock").close();
    }

    @Test
    void closingAnOldLockTwiceLeavesTheNewOne() throws IOException {
        Closeable old = storage().lock("lock");
        old.close();
        try (Closeable held = storage().lock("lock")) {
            old.close();
            assertThat(held).isNotNull();
            assertThatThrownBy(() -> storage().lock("lock")).isInstanceOf(StorageLockedException.class);
        }
    }

    @Test
    void theLockFileCannotBeOpenedWhileItIsHeld() throws IOException {
        try (Closeable held = storage().lock("lock")) {
            assertThat(held).isNotNull();
            assertThatThrownBy(() -> storage().openReadOnly("lock")).isInstanceOf(StorageLockedException.class);
            assertThatThrownBy(() -> storage().open("lock")).isInstanceOf(StorageLockedException.class);
        }
        storage().open("lock").close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "/x", "..", "", "a/../../x", "./a", "a//b"})
    void nothingOutsideOrOddlyNamedCanBeChanged(String name) throws IOException {
        put("inside", "");
        assertThatThrownBy(() -> storage().create(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> storage().open(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + name + "\"")
                .hasMessageContaining("read-only");
        assertThatThrownBy(() -> storage().delete(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> storage().rename("inside", name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> storage().rename(name, "b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> storage().lock(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aFileOutsideCanBeRead() throws IOException {
        createBeside("other/base", "text");
        assertThat(storage().exists("../other/base")).isTrue();
        assertThat(storage().info("../other/base").sizeBytes()).isEqualTo(4);
        assertThat(get("../other/base")).isEqualTo("text");
        assertThat(storage().exists("../other/none")).isFalse();
    }

    @Test
    void whatIsOpenedReadOnlyCannotBeWritten() throws IOException {
        put("a", "text");
        try (BlockFile file = storage().openReadOnly("a")) {
            assertThatThrownBy(() -> write(file, 0, "x")).isInstanceOf(NonWritableChannelException.class);
            assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(NonWritableChannelException.class);
        }
        assertThat(get("a")).isEqualTo("text");
    }

    @Test
    void aReferenceIsRelativeToTheDirectoryOfItsFile() throws IOException {
        assertThat(storage().resolve("child", "base")).isEqualTo("base");
        assertThat(storage().resolve("child", "./base")).isEqualTo("base");
        assertThat(storage().resolve("deep/child", "base")).isEqualTo("deep/base");
        assertThat(storage().resolve("deep/child", "../base")).isEqualTo("base");
    }

    @Test
    void aReferenceToTheInsideGetsItsOnlyName() throws IOException {
        put("deep/base", "");
        String root = rootPath();
        String last = root.substring(root.lastIndexOf('/') + 1);
        assertThat(storage().resolve("child", root + "/deep/base")).isEqualTo("deep/base");
        assertThat(storage().resolve("child", "../" + last + "/deep/base")).isEqualTo("deep/base");
        assertThat(storage().resolve("child", "deep/../deep//base")).isEqualTo("deep/base");
        assertThat(storage().resolve("child", "../" + last + "/not/there")).isEqualTo("not/there");
    }

    @Test
    void aReferenceToTheOutsideGetsTheSameNameHoweverItIsReached() throws IOException {
        createBeside("other/base", "text");
        String name = storage().resolve("child", "../other/base");
        assertThat(get(name)).isEqualTo("text");
        assertThat(storage().resolve("deep/child", "../../other/base")).isEqualTo(name);
        assertThat(storage().resolve("child", name)).isEqualTo(name);
        assertThat(storage().resolve(name, "base")).isEqualTo(name);
    }

    @Test
    void aSiblingWhoseNameBeginsLikeTheRootIsOutside() throws IOException {
        assertThat(storage().resolve("child", rootPath() + "x/base")).isEqualTo(rootPath() + "x/base");
    }

    @Test
    void aReferenceThatCannotBeAPathIsRefused() {
        assertThatThrownBy(() -> storage().resolve("child", "a\0b"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("child");
    }

    private void put(String name, String text) throws IOException {
        try (BlockFile file = storage().create(name)) {
            write(file, 0, text);
        }
    }

    private String get(String name) throws IOException {
        try (BlockFile file = storage().openReadOnly(name)) {
            return text(file);
        }
    }

    private static void write(BlockFile file, long offset, String text) throws IOException {
        file.write(offset, ByteBuffer.wrap(text.getBytes(US_ASCII)));
    }

    private static String text(BlockFile file) throws IOException {
        byte[] bytes = new byte[(int) file.size()];
        file.readFully(0, ByteBuffer.wrap(bytes));
        return new String(bytes, US_ASCII);
    }
}
