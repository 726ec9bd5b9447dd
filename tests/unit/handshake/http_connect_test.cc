// HTTP CONNECT as a client: the request, and every kind of answer.
#include "handshake/http_connect.h"

#include <string>
#include <vector>

#include "play.h"

namespace weir {
namespace {

using namespace std::string_literals;
using State = Handshake::State;
using Fault = Handshake::Fault;

MakeHandshake http(const std::string& endpoint = "203.0.113.5:443", const std::string& host = "",
                   std::shared_ptr<const Credentials> by = nullptr) {
  const Target to{.endpoint = Endpoint::parse(endpoint).value(), .host = host};
  return [to, by]() { return std::make_unique<HttpConnectHandshake>(to, by); };
}

std::shared_ptr<const Credentials> credentials(std::string username, std::string password) {
  return std::make_shared<const Credentials>(
      Credentials{.username = std::move(username), .password = std::move(password)});
}

std::string error(const std::string& received, Fault fault = Fault::server,
                  const MakeHandshake& make = http()) {
  const Ending end = ending(make, received);
  CHECK(end.state == State::failed);
  CHECK(end.fault == fault);
  return end.error;
}

// A 200 whose header is so many bytes long, in one field or in many.
std::string header_of(std::size_t size, std::size_t field) {
  std::string out = "HTTP/1.1 200 OK\r\n";
  constexpr std::string_view rest = "\r\n\r\n";
  while (out.size() + rest.size() < size) {
    const std::size_t room = size - rest.size() - out.size();
    const std::size_t take = room < field + 3 ? room : field;
    out += "X" + std::string(take - 1, 'x');
    if (out.size() + rest.size() < size) {
      out.replace(out.size() - 2, 2, "\r\n");
    }
  }
  out += rest;
  REQUIRE(out.size() == size);
  return out;
}

}  // namespace

TEST_CASE("the request names the target, by its name where one is known") {
  const std::string ok = "HTTP/1.1 200 OK\r\n\r\n";
  CHECK(ending(http(), ok).said ==
        "CONNECT 203.0.113.5:443 HTTP/1.1\r\nHost: 203.0.113.5:443\r\n\r\n");
  CHECK(ending(http("[2001:db8::5]:80"), ok).said ==
        "CONNECT [2001:db8::5]:80 HTTP/1.1\r\nHost: [2001:db8::5]:80\r\n\r\n");
  CHECK(ending(http("203.0.113.5:443", "www.example.net"), ok).said ==
        "CONNECT www.example.net:443 HTTP/1.1\r\nHost: www.example.net:443\r\n\r\n");
}

TEST_CASE("credentials go along as Basic authentication") {
  // RFC 7617, section 2.
  CHECK(ending(http("203.0.113.5:443", "", credentials("Aladdin", "open sesame")),
               "HTTP/1.1 200 OK\r\n\r\n")
            .said ==
        "CONNECT 203.0.113.5:443 HTTP/1.1\r\nHost: 203.0.113.5:443\r\n"
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

TEST_CASE("base64 is RFC 4648's") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xfe\xfb\x00"s) == "//77AA==");
}

TEST_CASE("any 2xx opens the tunnel, whatever its header says") {
  for (const std::string answer : {
           "HTTP/1.1 200 Connection established\r\n\r\n",
           "HTTP/1.0 200 OK\r\n\r\n",
           "HTTP/1.1 200\r\n\r\n",
           "HTTP/1.1 200 \r\n\r\n",
           "HTTP/1.1 204 No Content\r\n\r\n",
           "HTTP/1.1 299 Odd\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
           "HTTP/1.1 200 OK\n\n",            // bare LF
           "HTTP/1.1 200 OK\nVia: x\r\n\n",  // both
           "HTTP/1.1 200 OK\r\nX: \x1b[2J\xff\r\n\r\n",
       }) {
    INFO(answer);
    const Ending end = ending(http(), answer);
    CHECK(end.state == State::done);
    CHECK(end.rest.empty());
  }
}

TEST_CASE("bytes behind the header are the flow's") {
  for (const std::string& payload : {"SSH-2.0-x\r\n"s, "\0\0\x01"s, "\r\n\r\n"s,
                                     "HTTP/1.1 500 no\r\n\r\n"s, std::string(100'000, 'p')}) {
    const Ending end = ending(http(), "HTTP/1.1 200 OK\r\nVia: squid\r\n\r\n" + payload);
    CHECK(end.state == State::done);
    CHECK(end.rest == payload);
  }
}

TEST_CASE("1xx answers are passed over, but nothing else is spoken here") {
  CHECK(ending(http(),
               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
               "HTTP/1.1 200 OK\r\n\r\nrest")
            .rest == "rest");
  CHECK(error("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 No\r\n\r\n") == "HTTP CONNECT: 400 No");
  CHECK(error("HTTP/1.1 101 Switching Protocols\r\n\r\n") == "HTTP CONNECT: unexpected status 101");
  CHECK(error("HTTP/1.1 099 Low\r\n\r\n") == "HTTP CONNECT: unexpected status 99");
  CHECK(error("HTTP/1.1 600 High\r\n\r\n") == "HTTP CONNECT: unexpected status 600");
}

TEST_CASE(
    "a refusal is the proxy's fault, but for a target out of its reach or against its rules") {
  for (const int status : {300, 302, 400, 404, 405, 500, 501, 505}) {
    const std::string text = std::to_string(status);
    const Fault fault = status < 500 ? Fault::server : Fault::request;
    CHECK(error("HTTP/1.1 " + text + " Some Reason\r\nLocation: /x\r\n\r\nbody", fault) ==
          "HTTP CONNECT: " + text + " Some Reason");
  }
  for (const int status : {403, 451, 502, 503, 504}) {
    const std::string text = std::to_string(status);
    CHECK(error("HTTP/1.1 " + text + "\r\n\r\n", Fault::target) == "HTTP CONNECT: " + text);
  }
}

TEST_CASE("407 says whether there was a user name, and not which") {
  const std::string answer =
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
  CHECK(error(answer) == "HTTP CONNECT: 407 Proxy Authentication Required (it wants a user name)");
  CHECK(
      error(answer, Fault::server, http("203.0.113.5:443", "", credentials("router", "s3cret"))) ==
      "HTTP CONNECT: 407 Proxy Authentication Required (user name or password refused)");
}

TEST_CASE("a server's reason cannot write into the log") {
  CHECK(error("HTTP/1.1 400 \x1b[31mred\x1b[0m\x07\x80\xff\tend\r\n\r\n") ==
        "HTTP CONNECT: 400 ?[31mred?[0m????end");
  CHECK(error("HTTP/1.1 400 a\0b\r\n\r\n"s) == "HTTP CONNECT: 400 a?b");
  CHECK(error("HTTP/1.1 400 " + std::string(5'000, 'y') + "\r\n\r\n") ==
        "HTTP CONNECT: 400 " + std::string(80, 'y'));
}

TEST_CASE("what is not HTTP is refused as soon as it shows") {
  CHECK(error("SSH-2.0-OpenSSH_9.2\r\n") == "not an HTTP proxy: it answers 'SSH-2.0-OpenSSH_9.2'");
  CHECK(error("\x05\xff"s) ==
        "not an HTTP proxy: it answers '?"
        "?'");
  CHECK(error("HTTP/2 200\r\n\r\n") == "not an HTTP proxy: it answers 'HTTP/2 200'");
  CHECK(error("<html>") == "not an HTTP proxy: it answers '<html>'");
  CHECK(error("http/1.1 200 OK\r\n\r\n") == "not an HTTP proxy: it answers 'http/1.1 200 OK'");
  CHECK(error("\0HTTP/1.1 200 OK\r\n\r\n"s).starts_with("not an HTTP proxy"));
  CHECK(ending(http(), "HTTP/1").state == State::waiting);
  CHECK(error("HTTP/1x").starts_with("not an HTTP proxy"));  // without waiting for the line's end
}

TEST_CASE("a status line that is none is malformed") {
  for (const std::string line :
       {"HTTP/1.", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000 OK", "HTTP/1.1 2x0 OK",
        "HTTP/1.1  200 OK", "HTTP/1.x 200 OK", "HTTP/1.10 200 OK", "HTTP/1.1 -20 OK",
        "HTTP/1.1 200OK"}) {
    CHECK(error(line + "\r\n\r\n") == "HTTP CONNECT: malformed answer '" + line + "'");
  }
}

TEST_CASE("a NUL in the header is refused") {
  CHECK(error("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"s) ==
        "HTTP CONNECT: a NUL in the answer's header");
}

TEST_CASE("a header of 64 KiB is taken and one byte more is not") {
  constexpr std::size_t max = HttpConnectHandshake::longest_header;
  for (const std::size_t field : {std::size_t{100}, max}) {
    const Ending end = ending(http(), header_of(max, field) + "payload");
    CHECK(end.state == State::done);
    CHECK(end.rest == "payload");
    CHECK(error(header_of(max + 1, field)) ==
          "HTTP CONNECT: the answer's header is longer than 64 KiB");
  }
}

TEST_CASE("neither endless lines, nor endless fields, nor endless 1xx answers are waited for") {
  const std::string message = "HTTP CONNECT: the answer's header is longer than 64 KiB";
  CHECK(error("HTTP/1.1 200 " + std::string(70'000, 'x')) == message);
  CHECK(error("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')) == message);
  std::string fields = "HTTP/1.1 200 OK\r\n";
  std::string answers;
  while (fields.size() < 70'000) {
    fields += "X: y\r\n";
  }
  while (answers.size() < 70'000) {
    answers += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  CHECK(error(fields) == message);
  CHECK(error(answers) == message);
}

TEST_CASE("an HTTP answer that stops short is waited for, wherever it stops") {
  const std::string received = "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n";
  for (std::size_t size = 0; size < received.size(); ++size) {
    CHECK(ending(http(), received.substr(0, size)).state == State::waiting);
  }
}

}  // namespace weir
