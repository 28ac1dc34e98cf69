package io.catena.agent.cli.text;

import io.catena.api.Job;
import java.io.PrintWriter;
import java.util.Locale;

/** Shows how far a job is: a bar that is drawn over on a terminal, else one line when the job has ended. */
public final class ProgressBar {
    private static final int WIDTH = 30;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintWriter out;
    private final boolean terminal;

    /** A bar on {@code out}. */
    public ProgressBar(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Shows a job as it stands now. */
    public void show(Job job) {
        if (terminal) {
            out.print(over(line(job)));
        }
        if (job.state().ended()) {
            out.println(terminal ? "" : line(job));
        }
        out.flush();
    }

    /** Returns a line that a terminal shows in place of the one it is on. */
    public static String over(String line) {
        return ERASE_LINE + line;
    }

    /** Returns a bar that shows how much of a whole is done; none of it if nobody knows the whole. */
    public static String bar(long done, long of) {
        double part = of <= 0 ? 0 : Math.min(1, (double) done / of);
        int filled = (int) (part * WIDTH);
        return "[" + "#".repeat(filled) + "-".repeat(WIDTH - filled) + "]";
    }

    public static String line(Job job) {
        String bar = job.state() == Job.State.DONE ? bar(1, 1) : bar(job.doneBytes(), job.totalBytes());
        String amount = job.totalBytes() <= 0
                ? ""
                : " " + Size.format(job.doneBytes()) + " of " + Size.format(job.totalBytes());
        String rate = job.bytesPerSecond() == 0 ? "" : ", " + Size.format(job.bytesPerSecond()) + "/s";
        return Table.printable(
                String.format(Locale.ROOT, "%s %d %s%s%s  %s", job.kind(), job.id(), bar, amount, rate, status(job)));
    }

    private static String status(Job job) {
        return switch (job.state()) {
            case RUNNING -> job.phase() + eta(job);
            case DONE -> "done: " + job.result();
            case FAILED -> "failed";
            case CANCELLED -> "cancelled";
        };
    }

    private static String eta(Job job) {
        long left = job.totalBytes() - job.doneBytes();
        return job.bytesPerSecond() == 0 || left <= 0 ? "" : ", " + left / job.bytesPerSecond() + " s left";
    }
}
