/** What the agent and a service manager, such as systemd, have to tell each other. */
@NullMarked
package io.catena.agent.service;

import org.jspecify.annotations.NullMarked;
