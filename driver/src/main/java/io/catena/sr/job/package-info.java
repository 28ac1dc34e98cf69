/** Long work: jobs, who runs them, how fast they may be; and what an SR needs of the process it lives in. */
@NullMarked
package io.catena.sr.job;

import org.jspecify.annotations.NullMarked;
