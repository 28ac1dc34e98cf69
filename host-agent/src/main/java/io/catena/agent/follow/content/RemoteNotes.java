package io.catena.agent.follow.content;

import io.catena.api.SrException;
import io.catena.api.SrNotes;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The texts of an SR that another host has: that host keeps them, and acts by them. Safe for use by many threads. */
public final class RemoteNotes implements SrNotes {
    private final Keeper keeper;
    private final Supplier<SrException> refusal;

    /**
     * @param refusal names that host
     */
    public RemoteNotes(Keeper keeper, Supplier<SrException> refusal) {
        this.keeper = keeper;
        this.refusal = refusal;
    }

    @Override
    public Optional<Keeper> keeper() {
        return Optional.of(keeper);
    }

    @Override
    public List<String> names() {
        throw refusal.get();
    }

    @Override
    public Optional<String> read(String name) {
        throw refusal.get();
    }

    @Override
    public void write(String name, String text) {
        throw refusal.get();
    }

    @Override
    public void delete(String name) {
        throw refusal.get();
    }
}
