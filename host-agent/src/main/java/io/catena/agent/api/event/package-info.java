/** What happens to SRs, disks and jobs: one ordered stream, kept on disk, that readers can take up where they left it. */
@NullMarked
package io.catena.agent.api.event;

import org.jspecify.annotations.NullMarked;
