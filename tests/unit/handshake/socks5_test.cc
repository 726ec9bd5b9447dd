// SOCKS5 as a client: what it says (RFC 1928, RFC 1929), and what it makes of every answer.
#include "handshake/socks5.h"

#include <string>
#include <vector>

#include "play.h"

namespace weir {
namespace {

using namespace std::string_literals;
using Command = Socks5Handshake::Command;
using Mode = Socks5Handshake::Mode;
using State = Handshake::State;
using Fault = Handshake::Fault;

const std::string chosen_none = "\x05\x00"s;
const std::string chosen_password = "\x05\x02"s;
const std::string accepted = "\x01\x00"s;
const std::string bound_v4 = "\x05\x00\x00\x01\xc6\x33\x64\x07\x04\x38"s;    // 198.51.100.7:1080
const std::string request_v4 = "\x05\x01\x00\x01\xcb\x00\x71\x05\x00\x50"s;  // 203.0.113.5:80

Target target(const std::string& endpoint, const std::string& host = "") {
  return {.endpoint = Endpoint::parse(endpoint).value(), .host = host};
}

std::shared_ptr<const Credentials> credentials(std::string username, std::string password) {
  return std::make_shared<const Credentials>(
      Credentials{.username = std::move(username), .password = std::move(password)});
}

MakeHandshake socks5(Target to = target("203.0.113.5:80"),
                     std::shared_ptr<const Credentials> by = nullptr,
                     Command command = Command::connect) {
  return [to, by, command]() { return std::make_unique<Socks5Handshake>(command, to, by); };
}

MakeHandshake association(Family family = Family::v4) {
  return socks5({.endpoint = {Address::any(family), 0}, .host = {}}, nullptr, Command::associate);
}

MakeHandshake pipelined(std::shared_ptr<const Credentials> by = nullptr,
                        Command command = Command::connect) {
  return [by, command]() {
    return std::make_unique<Socks5Handshake>(command, target("203.0.113.5:80"), by,
                                             Mode::pipelined);
  };
}

std::string error(const MakeHandshake& make, const std::string& received,
                  Fault fault = Fault::server) {
  const Ending end = ending(make, received);
  CHECK(end.state == State::failed);
  CHECK(end.fault == fault);
  return end.error;
}

}  // namespace

TEST_CASE("CONNECT without credentials offers no authentication and names the target") {
  struct Row {
    Target to;
    std::string request;
  };
  const std::string name(253, 'n');
  const std::vector<Row> rows{
      {target("203.0.113.5:80"), request_v4},
      {target("[2001:db8::5]:443"),
       "\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05\x01\xbb"s},
      {target("203.0.113.5:8080", "www.example.net"),
       "\x05\x01\x00\x03\x0fwww.example.net\x1f\x90"s},
      {target("203.0.113.5:65535", name), "\x05\x01\x00\x03\xfd"s + name + "\xff\xff"},
  };
  for (const Row& row : rows) {
    const Ending end = ending(socks5(row.to), chosen_none + bound_v4);
    CHECK(end.state == State::done);
    CHECK(end.said == "\x05\x01\x00"s + row.request);
    CHECK(end.rest.empty());
  }
}

TEST_CASE("with credentials both methods are offered, and the server decides") {
  const auto by = credentials("router", "s3cret");
  const MakeHandshake make = socks5(target("203.0.113.5:80"), by);
  const std::string offer = "\x05\x02\x00\x02"s;
  CHECK(ending(make, chosen_none + bound_v4).said == offer + request_v4);
  const Ending asked = ending(make, chosen_password + accepted + bound_v4);
  CHECK(asked.state == State::done);
  CHECK(asked.said == offer + "\x01\x06router\x06s3cret"s + request_v4);
  // Some servers answer with SOCKS' own version.
  CHECK(ending(make, chosen_password + "\x05\x00"s + bound_v4).state == State::done);
}

TEST_CASE("a request is said only when the answer before it has come") {
  const auto handshake = socks5(target("203.0.113.5:80"), credentials("u", "p"))();
  std::string out;
  REQUIRE(handshake->start({}, out) == State::waiting);
  out.clear();
  CHECK(handshake->receive("\x05", out).state == State::waiting);
  CHECK(out.empty());
  CHECK(handshake->receive("\x02", out).state == State::waiting);
  CHECK(out == "\x01\x01u\x01p");
  out.clear();
  CHECK(handshake->receive("\x01\x00"s, out).state == State::waiting);
  CHECK(out == request_v4);
}

TEST_CASE("at once, everything is said before the server has answered, and nothing after") {
  const auto by = credentials("u", "p");
  const std::string offer = "\x05\x01\x00"s;
  const std::string offer_password = "\x05\x01\x02\x01\x01u\x01p"s;
  std::string out;
  REQUIRE(pipelined()()->start({}, out) == State::waiting);
  CHECK(out == offer + request_v4);
  out.clear();
  REQUIRE(pipelined(by)()->start({}, out) == State::waiting);
  CHECK(out == offer_password + request_v4);

  // However the answers come: one by one, glued, cut anywhere.
  const std::string payload = "220 hello";
  const Ending open = ending(pipelined(), chosen_none + bound_v4 + payload);
  CHECK(open.state == State::done);
  CHECK(open.said == offer + request_v4);
  CHECK(open.rest == payload);
  const Ending asked = ending(pipelined(by), chosen_password + accepted + bound_v4 + payload);
  CHECK(asked.state == State::done);
  CHECK(asked.said == offer_password + request_v4);
  CHECK(asked.rest == payload);
}

TEST_CASE("at once, a server that decides otherwise is refused") {
  const auto by = credentials("u", "p");
  CHECK(error(pipelined(), "\x05\xff"s) == "SOCKS5: the server wants a user name and password");
  CHECK(error(pipelined(by), "\x05\xff"s) ==
        "SOCKS5: the server accepts no authentication that we offer");
  // It would take the password for a request.
  CHECK(error(pipelined(by), chosen_none) ==
        "SOCKS5: the server chose method 0x00, which was not offered");
  CHECK(error(pipelined(by), chosen_password + "\x01\x01"s) ==
        "SOCKS5: user name or password refused");
  CHECK(error(pipelined(), chosen_none + "\x05\x05"s, Fault::target) ==
        "SOCKS5: connection refused");
}

TEST_CASE("who only wants to be let in asks for nothing, at once or not") {
  for (const auto& by : {std::shared_ptr<const Credentials>(), credentials("u", "p")}) {
    const Ending end =
        ending(pipelined(by, Command::none), by ? chosen_password + accepted : chosen_none);
    CHECK(end.state == State::done);
    CHECK(end.said == (by ? "\x05\x01\x02\x01\x01u\x01p"s : "\x05\x01\x00"s));
  }
}

TEST_CASE("user names and passwords of 255 bytes go out whole") {
  const std::string name(255, '\xfe');
  const std::string word(255, '\xff');
  const Ending end = ending(socks5(target("203.0.113.5:80"), credentials(name, word)),
                            chosen_password + accepted + bound_v4);
  CHECK(end.state == State::done);
  CHECK(end.said == "\x05\x02\x00\x02"s + "\x01\xff" + name + "\xff" + word + request_v4);
}

TEST_CASE("every status but 0 refuses the password, and the error does not tell it") {
  const MakeHandshake make = socks5(target("203.0.113.5:80"), credentials("router", "s3cret"));
  for (const char status : {'\x01', '\x02', '\x7f', '\xff'}) {
    const std::string text = error(make, chosen_password + "\x01" + status);
    CHECK(text == "SOCKS5: user name or password refused");
  }
}

TEST_CASE("a server that wants what was not offered is refused") {
  const auto by = credentials("router", "s3cret");
  CHECK(error(socks5(), "\x05\xff"s) == "SOCKS5: the server wants a user name and password");
  CHECK(error(socks5(target("203.0.113.5:80"), by), "\x05\xff"s) ==
        "SOCKS5: the server accepts no authentication that we offer");
  CHECK(error(socks5(), "\x05\x02"s) ==
        "SOCKS5: the server chose method 0x02, which was not offered");
  CHECK(error(socks5(target("203.0.113.5:80"), by), "\x05\x01"s) ==
        "SOCKS5: the server chose method 0x01, which was not offered");
}

TEST_CASE("what is no SOCKS5 server shows in its first byte") {
  CHECK(error(socks5(), "\x04\x5a"s) == "not a SOCKS5 server: it answers with version 4");
  CHECK(error(socks5(), "HTTP/1.1 400 Bad Request\r\n\r\n") ==
        "not a SOCKS5 server: it answers with version 72");
  CHECK(error(socks5(), "\x00"s) == "not a SOCKS5 server: it answers with version 0");
  CHECK(error(socks5(), chosen_none + "\x04\x00\x00\x01"s) == "SOCKS5: malformed reply");
}

TEST_CASE("each reply code has its phrase, and those about the target are the target's fault") {
  struct Row {
    char code;
    std::string text;
    Fault fault;
  };
  const std::vector<Row> rows{
      {'\x01', "general SOCKS server failure", Fault::request},
      {'\x02', "connection not allowed by ruleset", Fault::target},
      {'\x03', "network unreachable", Fault::target},
      {'\x04', "host unreachable", Fault::target},
      {'\x05', "connection refused", Fault::target},
      {'\x06', "TTL expired", Fault::target},
      {'\x07', "command not supported", Fault::request},
      {'\x08', "address type not supported", Fault::request},
      {'\x09', "reply 0x09", Fault::request},
      {'\xff', "reply 0xff", Fault::request},
  };
  for (const Row& row : rows) {
    const std::string reply = "\x05"s + row.code + "\x00\x01\0\0\0\0\0\0"s;
    CHECK(error(socks5(), chosen_none + reply, row.fault) == "SOCKS5: " + row.text);
    // A server that closes after the code has said enough.
    CHECK(error(socks5(), chosen_none + reply.substr(0, 2), row.fault) == "SOCKS5: " + row.text);
  }
}

TEST_CASE("the bound address of a connection may be of any type and length") {
  const std::vector<std::string> addresses{
      "\x01\0\0\0\0\0\0"s,
      "\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x04\x38"s,
      "\x03\x00\x04\x38"s,  // a name of no bytes
      "\x03\x0bproxy.local\x04\x38"s,
      "\x03\xff"s + std::string(255, 'x') + "\x04\x38",
  };
  for (const std::string& address : addresses) {
    const Ending end = ending(socks5(), chosen_none + "\x05\x00\x00"s + address);
    CHECK(end.state == State::done);
    CHECK(end.rest.empty());
  }
  for (const char type : {'\x00', '\x02', '\x05', '\xff'}) {
    CHECK(error(socks5(), chosen_none + "\x05\x00\x00"s + type + "\x7f\0\0\x01\x04\x38"s) ==
          "SOCKS5: malformed reply: address type " +
              std::to_string(static_cast<unsigned char>(type)));
  }
}

TEST_CASE("an answer that stops short is waited for, wherever it stops") {
  const std::string received = chosen_none + bound_v4;
  for (std::size_t size = 0; size < received.size(); ++size) {
    CHECK(ending(socks5(), received.substr(0, size)).state == State::waiting);
  }
}

TEST_CASE("payload glued to the reply is the flow's, to the last byte") {
  const std::string banner = "\x05\x00 220 server speaks first\r\n"s;
  CHECK(ending(socks5(), chosen_none + bound_v4 + banner).rest == banner);
  const std::string much(100'000, 'p');
  const Ending end = ending(socks5(target("203.0.113.5:80"), credentials("u", "p")),
                            chosen_password + accepted + bound_v4 + much);
  CHECK(end.state == State::done);
  CHECK(end.rest == much);
}

TEST_CASE("an association is asked for in its family and says where datagrams go") {
  const Ending v4 = ending(association(), chosen_none + bound_v4);
  CHECK(v4.state == State::done);
  CHECK(v4.said == "\x05\x01\x00"s + "\x05\x03\x00\x01\0\0\0\0\0\0"s);
  CHECK(v4.relay.text() == "198.51.100.7:1080");
  const Ending v6 = ending(association(Family::v6),
                           chosen_none + "\x05\x00\x00\x04"s + std::string(16, '\0') + "\x04\x38");
  CHECK(v6.said == "\x05\x01\x00"s + "\x05\x03\x00\x04"s + std::string(18, '\0'));
  CHECK(v6.relay.address.is_unspecified());
  CHECK(v6.relay.port == 1080);
}

TEST_CASE("a relay without a port, or with a name for an address, is none") {
  CHECK(error(association(), chosen_none + "\x05\x00\x00\x01\xc6\x33\x64\x07\0\0"s) ==
        "SOCKS5: the server names no port to send datagrams to");
  CHECK(error(association(), chosen_none + "\x05\x00\x00\x03\x05relay\x04\x38"s) ==
        "SOCKS5: the server gives its relay's address as a host name");
  CHECK(error(association(), chosen_none + "\x05\x07\x00\x01\0\0\0\0\0\0"s, Fault::request) ==
        "SOCKS5: command not supported");
}

}  // namespace weir
