package io.catena.agent.cli.session;

/** What a switch is set to, on the command line. */
public enum OnOff {
    ON,
    OFF
}
