/** XAPI as Catena's plugins meet it: what runs their executables, and what it takes for well typed. */
@NullMarked
package io.catena.harness.smapi;

import org.jspecify.annotations.NullMarked;
