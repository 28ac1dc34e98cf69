/** XML-RPC as XAPI and XenServer's storage drivers write it: values, calls, answers. Knows nothing of storage. */
@NullMarked
package io.catena.agent.smapiv1.xmlrpc;

import org.jspecify.annotations.NullMarked;
