// A ClientHello is found in TLS records, however they cut it.
#include "sniff/tls.h"

#include <span>
#include <string>
#include <vector>

#include "catch.h"
#include "sniff/client_hello.h"
#include "sniff/hello_builder.h"
#include "sniff/sniff_checks.h"

namespace weir {
namespace {

std::string answer_to(const Bytes& bytes) { return steady_answer(sniff_tls, bytes); }

Bytes example_hello() { return hello_with({supported_versions(), server_name("www.example.org")}); }

TEST_CASE("a hello is read from one record, of any version that clients write there") {
  for (const std::uint16_t version :
       std::vector<std::uint16_t>{0x0300, 0x0301, 0x0302, 0x0303, 0x0304}) {
    CHECK(answer_to(record_of(example_hello(), {.version = version})) == "www.example.org");
  }
  CHECK(answer_to(record_of(example_hello(), {.version = 0x0305})) == "no name");
  CHECK(answer_to(record_of(example_hello(), {.version = 0x0200})) == "no name");
  CHECK(answer_to(record_of(example_hello(), {.version = 0xfeff})) == "no name");
}

TEST_CASE("a hello is read from two records, cut at every byte") {
  const Bytes message = hello_with({server_name("www.example.org"), outer_ech()});
  for (std::size_t first = 1; first < message.size(); ++first) {
    REQUIRE(answer_to(records_of(message, message.size(), first)) == "www.example.org (outer)");
  }
}

TEST_CASE("a hello is read from records of any size, one byte among them") {
  const Bytes message =
      hello_with({post_quantum_key_share(), server_name("www.example.org"), supported_versions()});
  for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 7U, 64U, 1'000U}) {
    CHECK(steady_answer(sniff_tls, records_of(message, size), 3) == "www.example.org");
  }
}

TEST_CASE("a hello of 64 KiB is read from full records, a longer one has no name at once") {
  constexpr std::size_t full = 16'384;
  const std::size_t rest = hello_with({padding(0), server_name("www.example.org")}).size();
  const Bytes message = hello_with({padding(longest_hello - rest), server_name("www.example.org")});
  CHECK(steady_answer(sniff_tls, records_of(message, full), 4'001) == "www.example.org");
  const Bytes longer = records_of(
      hello_with({padding(longest_hello - rest + 1), server_name("www.example.org")}), full);
  CHECK(answered_after(sniff_tls, longer) == 9);
  CHECK(steady_answer(sniff_tls, longer, 4'001) == "no name");
}

TEST_CASE("a record longer than 16 KiB has no name") {
  const Bytes message = hello_with({padding(17'000), server_name("www.example.org")});
  CHECK(answered_after(sniff_tls, record_of(message)) == 5);
  CHECK(steady_answer(sniff_tls, record_of(message), 999) == "no name");
}

TEST_CASE("another record before the hello's end has no name") {
  const Bytes message = example_hello();
  const std::span<const std::uint8_t> all(message);
  const Bytes alert = record_of(bytes_of("\2\x28"), {.type = 21});
  const Bytes change = record_of(bytes_of("\1"), {.type = 20});
  const Bytes data = record_of(message, {.type = 23});
  for (const Bytes& other : {alert, change, data}) {
    CHECK(answer_to(other) == "no name");
    CHECK(answered_after(sniff_tls, other) == 1);
    Bytes between = record_of(all.first(20));
    const std::size_t before = between.size();
    append(between, other);
    append(between, record_of(all.subspan(20)));
    CHECK(answer_to(between) == "no name");
    CHECK(answered_after(sniff_tls, between) == before + 1);
  }
}

TEST_CASE("an empty record has no name") {
  Bytes bytes = record_of({});
  append(bytes, record_of(example_hello()));
  CHECK(answer_to(bytes) == "no name");
  const Bytes message = example_hello();
  const std::span<const std::uint8_t> all(message);
  bytes = record_of(all.first(50));
  append(bytes, record_of({}));
  append(bytes, record_of(all.subspan(50)));
  CHECK(answer_to(bytes) == "no name");
}

TEST_CASE("what follows the answer is not looked at") {
  Bytes bytes = record_of(example_hello());
  append(bytes, bytes_of("not a record"));
  CHECK(answer_to(bytes) == "www.example.org");
  const Bytes message = example_hello();
  bytes = records_of(message, message.size(), 30);
  append(bytes, record_of({}, {.type = 99}));
  CHECK(answer_to(bytes) == "www.example.org");
}

TEST_CASE("an SSL 2.0 hello has no name at its first byte") {
  const Bytes bytes = bytes_of(std::string("\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10", 11));
  CHECK(answered_after(sniff_tls, bytes) == 1);
  CHECK(answer_to(bytes) == "no name");
}

TEST_CASE("an answer to mutated records is never taken back") {
  const Bytes message =
      hello_with({grease(1), server_name("www.example.org"), supported_versions(), outer_ech(20)});
  CHECK(unsteady_mutation(sniff_tls, record_of(message), 1'500) == "");
  CHECK(unsteady_mutation(sniff_tls, records_of(message, 40), 1'500) == "");
}

}  // namespace
}  // namespace weir
