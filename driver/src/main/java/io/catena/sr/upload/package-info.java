/** What an SR keeps of uploads, so that they can be gone on with after the agent was started again. */
@NullMarked
package io.catena.sr.upload;

import org.jspecify.annotations.NullMarked;
