package io.catena.harness.bench;

import io.catena.api.JobControl;

/** Long work whose progress nobody looks at. */
public final class UnwatchedJob implements JobControl {
    @Override
    public void phase(String text) {}

    @Override
    public void addTotal(long bytes) {}

    @Override
    public void done(long bytes) {}

    @Override
    public void checkCancelled() {}
}
