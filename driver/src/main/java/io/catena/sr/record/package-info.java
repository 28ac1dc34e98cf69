/**
 * What an SR keeps in its own files: its record, those of its disks, intents of jobs, settings; the names of those
 * files, and how errors of files become errors of the API.
 */
@NullMarked
package io.catena.sr.record;

import org.jspecify.annotations.NullMarked;
