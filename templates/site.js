// Made by stackctl. It runs before CloudFront looks for an answer, for every request.
var API = '{api}';
var FALLBACK = '{fallback}';
var FILE = /\.(?:{endings})$/i;

function handler(event) {
  var request = event.request;
  if (API && request.uri.indexOf(API + '/') === 0) {
    // The routes of the API do not know where it is mounted.
    request.uri = request.uri.substring(API.length);
    return request;
  }
  var name = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (FILE.test(name) || request.uri.indexOf('/.well-known/') === 0) return request;
  if (FALLBACK === 'spa') request.uri = '/index.html';
  if (FALLBACK === 'pages') request.uri += name === '' ? 'index.html' : '/index.html';
  return request;
}
