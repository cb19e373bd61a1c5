/**
 * Hands the authorization server's answer to the page that asked for it, and to no other origin. That page closes this
 * window once it has the answer: of a window that closed itself it might not be told whose message it was.
 */
window.opener?.postMessage(location.search, location.origin);
