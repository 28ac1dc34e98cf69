package io.catena.agent.host;

import io.catena.api.DeletionGain;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.JointGain;
import io.catena.api.VdiId;
import java.util.Collection;
import java.util.function.Consumer;

/** Garbage collection for as long as the SR is held. */
final class HeldGarbage implements GarbageControl {
    private final SrGate gate;
    private final Consumer<Job> began;

    /**
     * @param began hears of a run that is to be begun again if it does not come to its end
     */
    HeldGarbage(SrGate gate, Consumer<Job> began) {
        this.gate = gate;
        this.began = began;
    }

    @Override
    public Job run(Collection<String> deleted) {
        return gate.use(repository -> {
            Job job = repository.garbage().run(deleted);
            began.accept(job);
            return job;
        });
    }

    @Override
    public GcStatus status() {
        return gate.look(repository -> repository.garbage().status());
    }

    @Override
    public GcStatus pause() {
        return gate.use(repository -> repository.garbage().pause());
    }

    @Override
    public GcStatus resume() {
        return gate.use(repository -> repository.garbage().resume());
    }

    @Override
    public GcStatus cancel() {
        return gate.use(repository -> repository.garbage().cancel());
    }

    @Override
    public GcStatus set(GcChange change) {
        return gate.use(repository -> repository.garbage().set(change));
    }

    @Override
    public DeletionGain gain(VdiId vdi) {
        return gate.look(repository -> repository.garbage().gain(vdi));
    }

    @Override
    public JointGain gain(Collection<VdiId> vdis) {
        return gate.look(repository -> repository.garbage().gain(vdis));
    }
}
