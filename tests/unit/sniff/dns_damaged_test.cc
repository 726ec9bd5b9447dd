// DNS answers that are malformed, cut or changed: nothing, or less, and never a read beyond the
// end.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "dns_builder.h"
#include "dns_play.h"
#include "sniff/dns_records.h"

namespace weir {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::uint16_t tc = 0x0200;

BuiltMessage an_https_message() {
  return {
      .name = "www.example.org",
      .type = 65,
      .answers = {cname_record("www.example.org", 600, "example.org"),
                  https_record("example.org", 300, 1, "pool.example",
                               service_parameter(1, "\x02h3") + hint_parameter({"192.0.2.1"}) +
                                   hint_parameter({"2001:db8::1"}))},
      .authorities =
          {{.owner = "example.org", .type = 2, .ttl = 60, .data = {}, .target = "ns.example.org"}},
      .additionals = {
          address_record("pool.example", 60, "192.0.2.2"),
          address_record("pool.example", 60, "2001:db8::2"),
          {.owner = ".", .type = 41, .ttl = 0, .data = {}, .target = {}, .klass = 1232}}};
}

// A response whose question's name is these bytes.
std::string with_question(const std::string& name) {
  const std::string whole = dns_message({.name = "x"});
  return whole.substr(0, header_size) + name + whole.substr(whole.size() - 4);
}

std::string big(std::uint16_t value) {
  std::string out;
  NetworkWriter(out).u16(value);
  return out;
}

// The answer to "example.org", with a record in front that is passed over, of this owner.
std::string with_owner(const std::string& owner) {
  std::string message = dns_message({.name = "example.org"});
  message[7] = '\2';  // answers
  message += owner + big(16) + big(1) + std::string(4, '\0') + big(1) + '\0';
  message += big(0xc00c) + big(1) + big(1) + std::string(4, '\0') + big(4) + "abcd";
  return dns_answer_text(message);
}

// The answer to "example.org" with one HTTPS record of these data.
std::string with_https_data(const std::string& data) {
  return dns_answer_text(
      dns_message({.name = "example.org",
                   .type = 65,
                   .answers = {{.owner = "example.org", .type = 65, .ttl = 60, .data = data}}}));
}

}  // namespace

TEST_CASE("an answer cut anywhere is nothing; a truncated one tells what is there") {
  BuiltMessage message = an_https_message();
  const std::string whole = dns_message(message);
  CHECK(dns_answer_text(whole) ==
        "www.example.org: 192.0.2.1 300, 192.0.2.2 60, 2001:db8::1 300, 2001:db8::2 60");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    REQUIRE(dns_answer_text(whole.substr(0, size)) == "nothing");
  }

  message.flags |= tc;
  const std::string truncated = dns_message(message);
  std::vector<std::string> seen;
  for (std::size_t size = 0; size <= truncated.size(); ++size) {
    const std::string text = dns_answer_text(truncated.substr(0, size));
    if (seen.empty() || seen.back() != text) {
      seen.push_back(text);
    }
  }
  CHECK(seen ==
        std::vector<std::string>{
            "nothing", "www.example.org:", "www.example.org: 192.0.2.1 300, 2001:db8::1 300",
            "www.example.org: 192.0.2.1 300, 192.0.2.2 60, 2001:db8::1 300",
            "www.example.org: 192.0.2.1 300, 192.0.2.2 60, 2001:db8::1 300, 2001:db8::2 60"});
}

TEST_CASE("bytes behind the last record change nothing") {
  CHECK(dns_answer_text(dns_message({.name = "example.org"}) + "more") == "example.org:");
}

TEST_CASE("an answer with bytes changed at random is nothing, or names a host") {
  const std::string whole = dns_message(an_https_message());
  std::mt19937 random(271828);
  std::size_t read = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string other = whole;
    for (std::size_t changes = 1 + random() % 4; changes > 0; --changes) {
      other[random() % other.size()] = static_cast<char>(random());
    }
    if (random() % 8 == 0) {
      other.resize(random() % other.size());
    }
    const auto answer = read_dns_answer(exact_bytes(other));
    if (answer) {
      ++read;
      REQUIRE(!answer->name.empty());
      REQUIRE(answer->addresses.size() <= DnsAnswer::most_addresses);
    }
  }
  CHECK(read > 1'000);
}

TEST_CASE("compression pointers lead backwards, and not into the header") {
  // To itself, forwards, into the header, and beyond the end.
  for (const char* const to :
       {"\xc0\x0c", "\xc0\x0d", "\xc0\x0e", "\xc0\x0b", "\xc0\x02", "\xff\xff"}) {
    CHECK(dns_answer_text(with_question(to)) == "nothing");
  }
  CHECK(dns_answer_text(with_question("\x01x\xc0\x0c")) == "nothing");
  // Forwards, to where a name stands.
  std::string forwards = with_question("\xc0\x12");
  forwards[7] = '\1';  // answers
  forwards += dns_labels("example.org") + big(1) + big(1) + std::string(4, '\0') + big(4) + "abcd";
  CHECK(dns_answer_text(forwards) == "nothing");
  // To a zero of the header, which would be the root.
  CHECK(with_owner("\xc0\x0b") == "nothing");
  CHECK(with_owner("\xc0\x0c") == with_owner(dns_labels("other.example")));
}

TEST_CASE("compression pointers are followed 32 times") {
  // A row of pointers in a record that is passed over, and an address whose owner begins at its
  // end.
  for (const std::size_t pointers : {31U, 32U}) {
    std::string message = dns_message({.name = "example.org"});
    message[7] = '\2';  // answers
    message += '\0' + big(16) + big(1) + std::string(4, '\0') +
               big(static_cast<std::uint16_t>(2 * pointers));
    std::size_t to = header_size;
    for (std::size_t i = 0; i < pointers; ++i) {
      const std::size_t at = message.size();
      message += big(static_cast<std::uint16_t>(0xc000U | to));
      to = at;
    }
    message += big(static_cast<std::uint16_t>(0xc000U | to)) + big(1) + big(1);
    message += std::string(3, '\0') + '\x3c' + big(4) + "abcd";
    CHECK(dns_answer_text(message) ==
          (pointers == 31 ? "example.org: 97.98.99.100 60" : "nothing"));
  }
}

TEST_CASE("names are at most 255 bytes long, labels at most 63") {
  const auto name_of = [](std::size_t last) {
    const std::string label = '\x3f' + std::string(63, 'x');
    return label + label + label + static_cast<char>(last) + std::string(last, 'x') + '\0';
  };
  const std::string read = with_owner(dns_labels("other.example"));
  CHECK(read != "nothing");
  CHECK(name_of(61).size() == 255);
  CHECK(with_owner(name_of(61)) == read);
  CHECK(with_owner(name_of(62)) == "nothing");
  // Lengths of the other two kinds (RFC 1035, section 4.1.4) are none.
  for (const std::size_t length : {0x40U, 0x80U}) {
    CHECK(with_owner(static_cast<char>(length) + std::string(length, 'x') + '\0') == "nothing");
  }
}

TEST_CASE("data that are longer or shorter than what they hold are malformed") {
  const auto with = [](std::uint16_t type, std::uint16_t asked, const std::string& data) {
    return dns_answer_text(dns_message(
        {.name = "example.org",
         .type = asked,
         .answers = {{.owner = "example.org", .type = type, .ttl = 60, .data = data}}}));
  };
  for (const std::size_t size : {0U, 3U, 5U, 16U}) {
    CHECK(with(1, 1, std::string(size, 'x')) == "nothing");
  }
  for (const std::size_t size : {0U, 4U, 15U, 17U}) {
    CHECK(with(28, 28, std::string(size, 'x')) == "nothing");
  }
  CHECK(with(1, 1, "abcd") == "example.org: 97.98.99.100 60");
  CHECK(with(5, 1, "") == "nothing");
  CHECK(with(5, 1, dns_labels("x.example") + "y") == "nothing");
  // Of records that are not looked into, any.
  CHECK(with(28, 1, "x") == "example.org:");
}

TEST_CASE("HTTPS records that are malformed are an answer that is") {
  const std::string head = big(1) + dns_labels(".");
  const std::string v4 = "\xc0\x01\x02\x03";
  CHECK(with_https_data("") == "nothing");
  CHECK(with_https_data(big(1)) == "nothing");
  CHECK(with_https_data(head) == "example.org:");
  CHECK(with_https_data(head + service_parameter(4, v4)) == "example.org: 192.1.2.3 60");
  CHECK(with_https_data(head + service_parameter(4, "")) == "nothing");
  CHECK(with_https_data(head + service_parameter(4, v4 + "x")) == "nothing");
  // Half an address that would be a parameter with the byte behind it.
  CHECK(with_https_data(head + big(4) + big(7) + v4 + big(7) + big(0)) == "nothing");
  CHECK(with_https_data(head + service_parameter(6, v4)) == "nothing");
  CHECK(with_https_data(head + big(4)) == "nothing");
  CHECK(with_https_data(head + big(4) + big(8) + v4) == "nothing");
  // Keys ascend, and come once.
  CHECK(with_https_data(head + service_parameter(4, v4) + service_parameter(1, "")) == "nothing");
  CHECK(with_https_data(head + service_parameter(4, v4) + service_parameter(4, v4)) == "nothing");
}

TEST_CASE("hints and records beyond the bounds are left out, and still checked") {
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back("192.0.2." + std::to_string(i));
  }
  const auto hinted = read_dns_response(exact_bytes(
      dns_message({.name = "example.org",
                   .type = 65,
                   .answers = {https_record("example.org", 60, 1, ".", hint_parameter(many))}})));
  REQUIRE(hinted);
  CHECK(hinted->records.front().addresses.size() == DnsRecord::most_addresses);

  BuiltMessage message{.name = "example.org"};
  for (std::size_t i = 0; i < 4'000; ++i) {
    message.answers.push_back(address_record("other.example", 60, "192.0.2.1"));
  }
  message.answers.push_back(address_record("example.org", 60, "192.0.2.1"));
  std::string whole = dns_message(message);
  CHECK(read_dns_response(exact_bytes(whole))->records.size() == DnsResponse::most_records);
  CHECK(dns_answer_text(whole) == "example.org:");
  whole[whole.size() - 5] = '\5';  // of the last record's data
  CHECK(dns_answer_text(whole) == "nothing");
}

}  // namespace weir
