// Made by stackctl. It runs before CloudFront looks for an answer, for every request.
var API = '{api}';
var FALLBACK = '{fallback}';
var NAME = '{name}';
var REDIRECTS = ['{redirects}'];
var FILE = /\.(?:{endings})$/i;

// Names and values are as the viewer has encoded them.
function query(parameters) {
  var parts = [];
  Object.keys(parameters || {}).forEach(function (name) {
    var one = parameters[name];
    (one.multiValue || [one]).forEach(function (each) {
      parts.push(each.value === '' ? name : name + '=' + each.value);
    });
  });
  return parts.length ? '?' + parts.join('&') : '';
}

function redirect(request) {
  // A browser repeats the method of 308 alone.
  var moved = request.method === 'GET' || request.method === 'HEAD';
  return {
    statusCode: moved ? 301 : 308,
    statusDescription: moved ? 'Moved Permanently' : 'Permanent Redirect',
    headers: { location: { value: 'https://' + NAME + request.uri + query(request.querystring) } }
  };
}

function handler(event) {
  var request = event.request;
  var host = request.headers && request.headers.host;
  if (host && REDIRECTS.indexOf(host.value.toLowerCase()) >= 0) return redirect(request);
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
