package io.catena.agent.cli;

/** What a switch is set to, on the command line. */
enum OnOff {
    ON,
    OFF
}
