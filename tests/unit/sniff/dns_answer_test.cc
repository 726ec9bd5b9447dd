// What DNS answers tell of names and addresses.
#include "sniff/dns_answer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "dns_builder.h"
#include "dns_play.h"

namespace weir {
namespace {

constexpr std::uint16_t type_aaaa = 28;
constexpr std::uint16_t type_https = 65;

std::string from_dns_hex(std::string_view hex) {
  std::string out;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
  }
  return out;
}

}  // namespace

TEST_CASE("answers of dnsmasq are read: A and AAAA behind CNAMEs, and HTTPS") {
  CHECK(dns_answer_text(from_dns_hex(
            "12348580000100040000000103575757076578616d706c65036f72670000010001c00c0005000100000258"
            "0011037777770363646e076578616d706c6500c02d0005000100000078001204656467650363646e076578"
            "616d706c6500c04a000100010000003c0004c000020ac04a000100010000012c0004c000020b00002904d0"
            "000000000000")) == "www.example.org: 192.0.2.10 60, 192.0.2.11 120");
  CHECK(dns_answer_text(from_dns_hex(
            "12348580000100030000000103777777076578616d706c65036f726700001c0001c00c0005000100000258"
            "0011037777770363646e076578616d706c6500c02d0005000100000078001204656467650363646e076578"
            "616d706c6500c04a001c00010000003c001020010db800000000000000000000001000002904d000000000"
            "0000")) == "www.example.org: 2001:db8::10 60");
  CHECK(dns_answer_text(from_dns_hex(
            "1234858000010001000000010473686f70076578616d706c65036f72670000410001c00c00410001000001"
            "2c002d0001000001000602683302683200040008c0000201c00002020006001020010db800000000000000"
            "000000020100002904d0000000000000")) ==
        "shop.example.org: 192.0.2.1 300, 192.0.2.2 300, 2001:db8::201 300");
}

TEST_CASE("a chain of CNAMEs is followed whichever order its records stand in") {
  std::vector<BuiltRecord> records{cname_record("www.example.org", 600, "www.cdn.example"),
                                   cname_record("WWW.cdn.example", 30, "edge.cdn.example"),
                                   address_record("edge.CDN.example", 300, "192.0.2.1"),
                                   address_record("edge.cdn.example", 20, "192.0.2.2"),
                                   address_record("other.example", 300, "192.0.2.3")};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  do {
    BuiltMessage message{.name = "www.Example.org"};
    for (const std::size_t i : order) {
      message.answers.push_back(records[i]);
    }
    REQUIRE(dns_answer_text(dns_message(message)) == "www.example.org: 192.0.2.1 30, 192.0.2.2 20");
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("a loop of CNAMEs ends, and what hangs on it is told") {
  CHECK(dns_answer_text(dns_message({.name = "a.example",
                                     .answers = {cname_record("a.example", 9, "b.example"),
                                                 cname_record("b.example", 8, "a.example"),
                                                 cname_record("b.example", 7, "b.example"),
                                                 address_record("b.example", 60, "192.0.2.1")}})) ==
        "a.example: 192.0.2.1 9");
}

TEST_CASE("a CNAME that stands there often is one") {
  BuiltMessage message{.name = "a.example"};
  for (std::size_t i = 0; i < 2 * DnsAnswer::most_names; ++i) {
    message.answers.push_back(cname_record("a.example", 60, "b.example"));
  }
  message.answers.push_back(cname_record("b.example", 60, "c.example"));
  message.answers.push_back(address_record("c.example", 60, "192.0.2.1"));
  CHECK(dns_answer_text(dns_message(message)) == "a.example: 192.0.2.1 60");
}

TEST_CASE("a chain is followed over sixteen names") {
  for (const std::size_t names : {16U, 17U}) {
    BuiltMessage message{.name = "n1.example"};
    for (std::size_t i = 1; i < names; ++i) {
      message.answers.push_back(cname_record("n" + std::to_string(i) + ".example", 60,
                                             "n" + std::to_string(i + 1) + ".example"));
    }
    message.answers.push_back(
        address_record("n" + std::to_string(names) + ".example", 60, "192.0.2.1"));
    CHECK(dns_answer_text(dns_message(message)) ==
          (names == 16 ? "n1.example: 192.0.2.1 60" : "n1.example:"));
  }
}

TEST_CASE("of the addresses the first 64 are told, each once, for as long as one way to it lasts") {
  BuiltMessage message{.name = "example.org"};
  for (int i = 0; i < 80; ++i) {
    message.answers.push_back(address_record("example.org", 60, "192.0.2." + std::to_string(i)));
  }
  const auto answer = read_dns_answer(exact_bytes(dns_message(message)));
  REQUIRE(answer);
  CHECK(answer->addresses.size() == DnsAnswer::most_addresses);
  CHECK(answer->addresses.back().address.text() == "192.0.2.63");

  CHECK(
      dns_answer_text(dns_message({.name = "example.org",
                                   .answers = {address_record("example.org", 60, "192.0.2.1"),
                                               address_record("example.org", 90, "192.0.2.1"),
                                               address_record("example.org", 30, "192.0.2.1")}})) ==
      "example.org: 192.0.2.1 90");
}

TEST_CASE("a TTL beyond 2^31 means 0") {
  CHECK(dns_answer_text(
            dns_message({.name = "example.org",
                         .answers = {address_record("example.org", 0x80000000, "192.0.2.1"),
                                     address_record("example.org", 0x7fffffff, "192.0.2.2")}})) ==
        "example.org: 192.0.2.1 0, 192.0.2.2 2147483647");
}

TEST_CASE("records of another type, class, section or owner are not the answer") {
  BuiltRecord chaos = address_record("example.org", 60, "192.0.2.2");
  chaos.klass = 3;
  const BuiltRecord text{.owner = "example.org", .type = 16, .ttl = 60, .data = "\x04text"};
  const BuiltMessage message{
      .name = "example.org",
      .answers = {chaos, text, address_record("example.org", 60, "2001:db8::1"),
                  address_record("www.example.org", 60, "192.0.2.3"),
                  https_record("example.org", 60, 1, ".", hint_parameter({"192.0.2.4"})),
                  address_record("example.org", 60, "192.0.2.1")},
      .authorities = {address_record("example.org", 60, "192.0.2.5")},
      .additionals = {address_record("example.org", 60, "192.0.2.6")}};
  CHECK(dns_answer_text(dns_message(message)) == "example.org: 192.0.2.1 60");
}

TEST_CASE("HTTPS in service mode tells its hints, and the addresses of its target") {
  const std::string hints = service_parameter(1, "\x02h3") +
                            hint_parameter({"192.0.2.1", "192.0.2.2"}) +
                            service_parameter(5, "ech") + hint_parameter({"2001:db8::1"});
  // "." is the owner.
  CHECK(dns_answer_text(
            dns_message({.name = "example.org",
                         .type = type_https,
                         .answers = {https_record("example.org", 300, 1, ".", hints)},
                         .authorities = {address_record("example.org", 60, "192.0.2.9")},
                         .additionals = {address_record("example.org", 60, "192.0.2.3")}})) ==
        "example.org: 192.0.2.1 300, 192.0.2.2 300, 192.0.2.3 60, 2001:db8::1 300");
  // Another name, which may be an alias itself; its own HTTPS records are not asked.
  CHECK(dns_answer_text(
            dns_message({.name = "example.org",
                         .type = type_https,
                         .answers = {https_record("example.org", 300, 1, "pool.example", "")},
                         .additionals = {cname_record("pool.example", 90, "p1.example"),
                                         https_record("pool.example", 60, 1, ".", hints),
                                         https_record("p1.example", 60, 1, ".", hints),
                                         address_record("p1.example", 600, "192.0.2.4"),
                                         address_record("p1.example", 60, "2001:db8::4"),
                                         address_record("p2.example", 60, "192.0.2.5")}})) ==
        "example.org: 192.0.2.4 90, 2001:db8::4 60");
}

TEST_CASE("HTTPS in alias mode is followed as a CNAME is, to HTTPS records and addresses") {
  const std::string hints = hint_parameter({"192.0.2.1"});
  CHECK(dns_answer_text(
            dns_message({.name = "example.org",
                         .type = type_https,
                         .answers = {cname_record("example.org", 600, "www.example.org"),
                                     https_record("www.example.org", 300, 0, "pool.example")},
                         .additionals = {https_record("pool.example", 200, 1, ".", hints),
                                         address_record("pool.example", 60, "192.0.2.2")}})) ==
        "example.org: 192.0.2.1 200, 192.0.2.2 60");
  // "." says that there is no service; parameters mean nothing, whatever they hold.
  CHECK(dns_answer_text(dns_message({.name = "example.org",
                                     .type = type_https,
                                     .answers = {https_record("example.org", 300, 0, ".",
                                                              hints + "x")}})) == "example.org:");
}

TEST_CASE("an answer without addresses names the question's host alone") {
  CHECK(dns_answer_text(dns_message({.name = "example.org"})) == "example.org:");
  CHECK(dns_answer_text(dns_message({.name = "example.org", .type = type_aaaa})) == "example.org:");
}

TEST_CASE("what is no answer to one question for A, AAAA or HTTPS is nothing") {
  const BuiltRecord answer = address_record("example.org", 60, "192.0.2.1");
  const auto with = [&answer](std::uint16_t flags, std::uint16_t type = 1,
                              std::uint16_t klass = 1) {
    return dns_answer_text(dns_message({.name = "example.org",
                                        .type = type,
                                        .answers = {answer},
                                        .flags = flags,
                                        .klass = klass}));
  };
  const std::string read = "example.org: 192.0.2.1 60";
  CHECK(with(0x8180) == read);
  CHECK(with(0x85b0) == read);       // authoritative, AD, CD
  CHECK(with(0x0180) == "nothing");  // a query
  CHECK(with(0x8183) == "nothing");  // NXDOMAIN
  CHECK(with(0x8182) == "nothing");  // SERVFAIL
  CHECK(with(0x9180) == "nothing");  // another opcode
  CHECK(with(0xa980) == "nothing");  // UPDATE
  CHECK(with(0x8180, 2) == "nothing");
  CHECK(with(0x8180, 5) == "nothing");
  CHECK(with(0x8180, 64) == "nothing");  // SVCB, of other protocols
  CHECK(with(0x8180, 255) == "nothing");
  CHECK(with(0x8180, 1, 3) == "nothing");

  std::string questions = dns_message({.name = "example.org", .answers = {answer}});
  questions[5] = '\0';
  CHECK(dns_answer_text(questions) == "nothing");
  questions[5] = '\2';
  CHECK(dns_answer_text(questions) == "nothing");
}

TEST_CASE("a question's name that is no host is nothing") {
  for (const char* const name : {".", "192.0.2.1", "with space.example", "*.example.org"}) {
    CHECK(dns_answer_text(dns_message({.name = name})) == "nothing");
  }
  // A dot within a label is not a dot between two.
  std::string message = dns_message({.name = "wwwXexample.org"});
  message[message.find('X')] = '.';
  CHECK(dns_answer_text(message) == "nothing");
  CHECK(dns_answer_text(dns_message({.name = "_dmarc.Xn--Bcher-kva.example"})) ==
        "_dmarc.xn--bcher-kva.example:");
}

TEST_CASE("a v4-mapped AAAA is the IPv4 address that a client connects to") {
  const BuiltRecord mapped{
      .owner = "example.org",
      .type = type_aaaa,
      .ttl = 60,
      .data = std::string(10, '\0') + "\xff\xff\xc0" + std::string(1, '\0') + "\x02\x01"};
  CHECK(dns_answer_text(
            dns_message({.name = "example.org", .type = type_aaaa, .answers = {mapped}})) ==
        "example.org: 192.0.2.1 60");
}

}  // namespace weir
