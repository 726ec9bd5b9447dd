#include "dns/message.h"

#include <string>
#include <vector>

#include "catch.h"
#include "dns_message.h"

namespace weir {
namespace {

using Datagram = std::vector<std::uint8_t>;

struct Header {
  unsigned id = 0x1234;
  unsigned flags = 0x0100;
  unsigned questions = 1;
  unsigned answers = 0;
};

std::string text_of(const Header& header) {
  std::string out;
  for (const unsigned word : {header.id, header.flags, header.questions, header.answers, 0U, 0U}) {
    append_u16(out, word);
  }
  return out;
}

Datagram message(const Header& header, std::string_view name = "www.example.org", int type = 1) {
  std::string out = text_of(header);
  append_name(out, name);
  append_u16(out, static_cast<unsigned>(type));
  append_u16(out, 1);
  return {out.begin(), out.end()};
}

}  // namespace

TEST_CASE("a query says its ID and its question") {
  const auto query = read_dns_message(message({}));
  REQUIRE(query);
  CHECK(query->kind == DnsMessage::Kind::query);
  CHECK(query->id == 0x1234);
  CHECK(query->question != 0);
  CHECK(read_dns_message(message({}, "")));  // the root
}

TEST_CASE("a response answers the query of its ID and question, whatever the letters' case") {
  const auto query = read_dns_message(message({}, "wWw.eXample.org"));
  REQUIRE(query);
  const auto answers = [&](const Datagram& datagram) {
    const auto response = read_dns_message(datagram);
    REQUIRE(response);
    CHECK(response->kind == DnsMessage::Kind::response);
    return response->answers(*query);
  };
  CHECK(answers(message({.flags = 0x8180})));
  CHECK_FALSE(answers(message({.id = 0x1235, .flags = 0x8180})));
  CHECK_FALSE(answers(message({.flags = 0x8180}, "www.example.net")));
  CHECK_FALSE(answers(message({.flags = 0x8180}, "www.example.org", 28)));
  // FORMERR of a server that does not repeat what it could not read.
  const std::string bare = text_of({.flags = 0x8181, .questions = 0});
  CHECK(answers({bare.begin(), bare.end()}));
}

TEST_CASE("a message that is cut anywhere before its question's end is none") {
  const Datagram whole = message({});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(read_dns_message(std::span(whole).first(size)));
  }
  Datagram longer = whole;
  longer.resize(1'200);  // EDNS and the like
  CHECK(read_dns_message(longer));
}

TEST_CASE("what asks not exactly one question is no query") {
  CHECK_FALSE(read_dns_message(message({.questions = 0})));
  CHECK_FALSE(read_dns_message(message({.questions = 2})));
  CHECK_FALSE(read_dns_message(message({.answers = 1})));
  CHECK_FALSE(read_dns_message(message({.flags = 0x8180, .questions = 2})));
  CHECK_FALSE(read_dns_message(message({.flags = 0x7900})));  // an opcode that is not assigned
  CHECK(read_dns_message(message({.flags = 0x2400, .answers = 1})));  // NOTIFY
  CHECK(read_dns_message(message({.flags = 0x2800, .answers = 1})));  // UPDATE
}

TEST_CASE("names that are not valid make no question") {
  const auto with_name = [](const std::string& name) {
    std::string out = text_of({}) + name + std::string("\0\1\0\1", 4);
    return Datagram(out.begin(), out.end());
  };
  CHECK(read_dns_message(with_name(std::string("\3www\0", 5))));
  CHECK_FALSE(read_dns_message(with_name(std::string("\xc0\x0c", 2))));  // compressed
  CHECK_FALSE(read_dns_message(with_name(std::string(1, '\x40') + std::string(64, 'a') + '\0')));
  std::string longest;
  for (int i = 0; i < 3; ++i) {
    longest += std::string(1, '\x3f') + std::string(63, 'a');
  }
  CHECK(read_dns_message(with_name(longest + '\x3d' + std::string(61, 'a') + '\0')));
  CHECK_FALSE(read_dns_message(with_name(longest + '\x3e' + std::string(62, 'a') + '\0')));
}

TEST_CASE("WireGuard's and OpenVPN's first packets are no DNS") {
  Datagram initiation(148, 0x5a);
  initiation[0] = 1;
  initiation[1] = initiation[2] = initiation[3] = 0;
  CHECK_FALSE(read_dns_message(initiation));
  Datagram keepalive(32, 0);
  keepalive[0] = 4;
  CHECK_FALSE(read_dns_message(keepalive));
  Datagram reset(42, 0x77);
  reset[0] = 0x38;
  CHECK_FALSE(read_dns_message(reset));
}

}  // namespace weir
