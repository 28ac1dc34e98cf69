/** The web page: files that lie in the program, served as they are. */
@NullMarked
package io.catena.agent.web;

import org.jspecify.annotations.NullMarked;
