package io.catena.sr;

import io.catena.store.ConfinedFiles;
import io.catena.store.FileStat;
import io.catena.store.FileStorage;
import io.catena.store.OpenFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Directories in which somebody made any number of empty files, which cost nothing: they are only listed. */
final class Crowd implements ConfinedFiles.Below {
    private static final FileStat EMPTY_FILE = new FileStat("1:1", "1", 0, 0, 0, 0, 1, 0, 0x81A4);

    private volatile String crowded = "";
    private volatile String end = "";
    private volatile int count;

    /** Makes files in a directory, of other names than before. */
    void make(String directory, int files, String nameEnd) {
        crowded = directory;
        end = nameEnd;
        count = files;
    }

    void remove() {
        count = 0;
    }

    @Override
    public ConfinedFiles of(Path directory) {
        return new Files(FileStorage.JAVA_ALONE.of(directory));
    }

    private final class Files implements ConfinedFiles {
        private final ConfinedFiles real;

        Files(ConfinedFiles real) {
            this.real = real;
        }

        @Override
        public void list(String directory, Found found) throws IOException {
            if (directory.equals(crowded)) {
                for (int i = 0; i < count; i++) {
                    String name = i + end;
                    if (found.isWanted(name)) {
                        found.take(name, EMPTY_FILE);
                    }
                }
            }
            real.list(directory, found);
        }

        @Override
        public Optional<FileStat> stat(String name) throws IOException {
            return real.stat(name);
        }

        @Override
        public OpenFile open(String name, Access access) throws IOException {
            return real.open(name, access);
        }

        @Override
        public void makeDirectory(String name) throws IOException {
            real.makeDirectory(name);
        }

        @Override
        public void removeDirectory(String name) throws IOException {
            real.removeDirectory(name);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            real.rename(from, to);
        }

        @Override
        public void link(String file, String name) throws IOException {
            real.link(file, name);
        }

        @Override
        public void delete(String name) throws IOException {
            real.delete(name);
        }

        @Override
        public void syncDirectory(String name) throws IOException {
            real.syncDirectory(name);
        }

        @Override
        public int user() throws IOException {
            return real.user();
        }
    }
}
