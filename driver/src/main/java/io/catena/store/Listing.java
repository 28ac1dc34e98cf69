package io.catena.store;

import java.util.function.BiConsumer;
import java.util.function.Predicate;

/** What is kept of a directory in which others may make as many names as they like. For one thread. */
final class Listing implements ConfinedFiles.Found {
    /** To pass by so many takes half a second or so, which whoever asked waits for. */
    private static final int MOST_PASSED = 500_000;

    /** Of names that are as long as those of disks there may be twice as many. */
    private static final long MOST_CHARACTERS = 16 << 20;

    private final String directory;
    private final Predicate<String> wanted;
    private final Predicate<FileStat> kind;
    private final BiConsumer<String, FileStat> kept;
    private int passed;
    private int count;
    private long characters;

    /**
     * @param wanted of the names in the storage, whether to look at what has them
     * @param kind of what is kept
     */
    Listing(String directory, Predicate<String> wanted, Predicate<FileStat> kind, BiConsumer<String, FileStat> kept) {
        this.directory = directory;
        this.wanted = wanted;
        this.kind = kind;
        this.kept = kept;
    }

    private String full(String name) {
        return directory.isEmpty() ? name : directory + "/" + name;
    }

    @Override
    public boolean isWanted(String name) throws TooManyNamesException {
        if (++passed > MOST_PASSED) {
            throw tooMany("more than " + MOST_PASSED + " names, expected at most so many");
        }
        return wanted.test(full(name));
    }

    @Override
    public void take(String name, FileStat stat) throws TooManyNamesException {
        if (!kind.test(stat)) {
            return;
        }
        characters += name.length();
        if (++count > Storage.MOST_NAMES || characters > MOST_CHARACTERS) {
            throw tooMany("more than " + (count - 1) + " files with names of " + characters
                    + " characters; expected are at most " + Storage.MOST_NAMES + " files and " + MOST_CHARACTERS
                    + " characters");
        }
        kept.accept(full(name), stat);
    }

    private TooManyNamesException tooMany(String found) {
        return new TooManyNamesException((directory.isEmpty() ? "the directory" : directory) + " holds " + found);
    }
}
