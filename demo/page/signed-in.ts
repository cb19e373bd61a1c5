/**
 * Hands the authorization server's answer to the page that opened this window, and to no other origin. That page closes
 * this window: a message of a window that closed itself may have lost its source.
 */
(window.opener as Window | null)?.postMessage(location.search, location.origin);
