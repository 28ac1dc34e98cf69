/** What tests are made of: simulated storage, peers, models, contracts. */
@NullMarked
package io.catena.harness;

import org.jspecify.annotations.NullMarked;
