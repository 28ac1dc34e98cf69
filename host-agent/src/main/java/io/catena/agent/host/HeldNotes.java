package io.catena.agent.host;

import io.catena.api.SrNotes;
import java.util.List;
import java.util.Optional;

/** The texts of an SR for as long as it is held. */
final class HeldNotes implements SrNotes {
    private final SrGate gate;

    HeldNotes(SrGate gate) {
        this.gate = gate;
    }

    @Override
    public Optional<Keeper> keeper() {
        return gate.look(repository -> repository.notes().keeper()).map(HeldKeeper::new);
    }

    /** Another host, as long as the SR is held. */
    private final class HeldKeeper implements Keeper {
        private final Keeper keeper;

        HeldKeeper(Keeper keeper) {
            this.keeper = keeper;
        }

        @Override
        public String look(String question) {
            return gate.look(repository -> keeper.look(question));
        }

        @Override
        public String change(String question) {
            return gate.use(repository -> keeper.change(question));
        }
    }

    @Override
    public List<String> names() {
        return gate.use(repository -> repository.notes().names());
    }

    @Override
    public Optional<String> read(String name) {
        return gate.use(repository -> repository.notes().read(name));
    }

    @Override
    public void write(String name, String text) {
        gate.use(repository -> {
            repository.notes().write(name, text);
            return name;
        });
    }

    @Override
    public void delete(String name) {
        gate.use(repository -> {
            repository.notes().delete(name);
            return name;
        });
    }
}
