/** Hands the authorization server's answer to the page that asked for it, and to no other origin. */
if (window.opener !== null) {
  window.opener.postMessage(location.search, location.origin);
  window.close();
}
