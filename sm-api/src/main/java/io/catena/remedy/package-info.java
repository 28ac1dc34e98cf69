/**
 * What a user can do about something, in no words of any front end: an {@link io.catena.remedy.Advice} is a sentence, a
 * {@link io.catena.remedy.Remedy} in it names one call, and each face says that call in its own words.
 */
@NullMarked
package io.catena.remedy;

import org.jspecify.annotations.NullMarked;
