package io.catena.harness.e2e;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.harness.guest.AgentDisk;
import io.catena.harness.guest.RunningGuest;
import java.io.IOException;
import java.time.Duration;

/** An agent that runs inside a guest, with the requests that tests make of it. For one test thread. */
final class GuestAgent {
    private static final Duration START_DEADLINE = Duration.ofMinutes(4);

    private final RunningGuest guest;
    private final AgentDisk disk;
    private final String run;
    private final String launcher;

    /** Starts none yet. */
    GuestAgent(RunningGuest guest, AgentDisk disk) throws IOException {
        this(guest, disk, "/run/catena");
        guest.run(disk.mounting());
    }

    /**
     * One of several in a guest; the disk is mounted.
     *
     * @param run its run directory
     */
    GuestAgent(RunningGuest guest, AgentDisk disk, String run) {
        this(guest, disk, run, "");
    }

    /**
     * One of several in a guest; the disk is mounted.
     *
     * @param run its run directory
     * @param launcher what starts programs where the agent is to run; empty for the guest itself
     */
    GuestAgent(RunningGuest guest, AgentDisk disk, String run, String launcher) {
        this.guest = guest;
        this.disk = disk;
        this.run = run;
        this.launcher = launcher;
    }

    /** Starts the agent and waits until it serves. */
    void start() throws IOException {
        start("");
    }

    /**
     * As {@link #start()}.
     *
     * @param javaOptions more of them, each with a space before it
     */
    void start(String javaOptions) throws IOException {
        String options =
                javaOptions.isEmpty() ? "" : "export JDK_JAVA_OPTIONS=\"$JDK_JAVA_OPTIONS" + javaOptions + "\"\n";
        String script = environment() + options + """
                rm -f $CATENA_RUN_DIR.out
                mkfifo $CATENA_RUN_DIR.out
                LAUNCHER catena agent --libvirt none >$CATENA_RUN_DIR.out 2>>$CATENA_RUN_DIR.log 3>&- &
                echo $! >$CATENA_RUN_DIR.pid
                read -r line <$CATENA_RUN_DIR.out
                [ "$line" = ready ] || { cat $CATENA_RUN_DIR.log; exit 1; }
                """;
        guest.run(script.replace("LAUNCHER", launcher), START_DEADLINE);
    }

    private String environment() {
        return disk.environment() + "export CATENA_RUN_DIR=" + run + "\n";
    }

    void kill() throws IOException {
        end("-9");
    }

    /** Ends the agent in order. */
    void end() throws IOException {
        end("-15");
    }

    /** Its parent is the guest's first process, which collects it later. */
    private void end(String signal) throws IOException {
        guest.run("pid=$(cat " + run + ".pid); kill " + signal + " $pid;"
                + " while [ -n \"$(cat /proc/$pid/cmdline 2>/dev/null)\" ]; do usleep 100000; done");
    }

    /** Makes a request and returns its answer, also if it is an error. */
    JsonObject request(String method, String path, String body) throws IOException {
        String answer = guest.run(command(method, path, body), START_DEADLINE);
        return JsonParser.parseString(answer).getAsJsonObject();
    }

    /** Returns the script that makes a request. */
    String command(String method, String path, String body) {
        return disk.environment() + disk.program("curl")
                + " -sS --unix-socket " + run + "/agent.sock -X " + method + " http://agent/v1/" + path
                + (body.isEmpty() ? "" : " -d '" + body + "'");
    }

    String log() throws IOException {
        return guest.run("cat " + run + ".log");
    }
}
