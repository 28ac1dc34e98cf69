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
