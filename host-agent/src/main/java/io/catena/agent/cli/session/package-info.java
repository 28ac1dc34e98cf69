/** What all commands share: the agent they ask, what they print, how they follow a job or move a content. */
@NullMarked
package io.catena.agent.cli.session;

import org.jspecify.annotations.NullMarked;
