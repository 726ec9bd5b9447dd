// A ClientHello names a host, or none, and says so as early as its bytes allow.
#include "sniff/client_hello.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "sniff/hello_builder.h"
#include "sniff/sniff_checks.h"

namespace weir {
namespace {

std::string answer_to(const Bytes& message) { return steady_answer(read_client_hello, message); }

std::string answer_to(std::vector<HelloExtension> extensions) {
  return answer_to(hello_with(std::move(extensions)));
}

const HelloExtension example = server_name("www.example.org");

TEST_CASE("a hello's host is the one of its server_name") {
  CHECK(answer_to({example}) == "www.example.org");
  CHECK(answer_to({supported_versions(), example, padding(100)}) == "www.example.org");
  CHECK(answer_to({server_name("WWW.Example.ORG.")}) == "www.example.org");
  const std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                              std::string(63, 'c') + "." + std::string(61, 'd');
  CHECK(answer_to({server_name(longest)}) == longest);
  CHECK(answer_to({server_name(longest + "d")}) == "no name");
}

TEST_CASE("hellos of TLS 1.0 to 1.3 are read, at any order of extensions") {
  for (const std::uint16_t version : std::vector<std::uint16_t>{0x0301, 0x0302, 0x0303}) {
    HelloParts parts;
    parts.version = version;
    parts.session_id = "";
    parts.extensions = {example};
    CHECK(answer_to(hello_of(parts)) == "www.example.org");
  }
  std::vector<HelloExtension> extensions{grease(0), example, post_quantum_key_share(),
                                         supported_versions(), grease(15, std::string(1, '\0'))};
  for (std::size_t turn = 0; turn < extensions.size(); ++turn) {
    std::rotate(extensions.begin(), extensions.begin() + 1, extensions.end());
    auto with_psk = extensions;
    with_psk.push_back(pre_shared_key());
    CHECK(answer_to(extensions) == "www.example.org");
    CHECK(answer_to(with_psk) == "www.example.org");
  }
}

TEST_CASE("a hello without server_name has no name") {
  CHECK(answer_to(hello_of({})) == "no name");
  CHECK(answer_to(std::vector<HelloExtension>{}) == "no name");
  CHECK(answer_to({supported_versions(), post_quantum_key_share()}) == "no name");
  CHECK(answer_to({supported_versions(), outer_ech()}) == "no name");
}

TEST_CASE("a server_name without a host has no name, whatever follows") {
  const auto without_name = [](const HelloExtension& extension) {
    const Bytes message = hello_with({extension, post_quantum_key_share(), outer_ech()});
    const std::size_t known_from = hello_with({extension}).size();
    return answer_to(message) == "no name" &&
           answered_after(read_client_hello, message) <= known_from;
  };
  CHECK(without_name({0, ""}));
  CHECK(without_name({0, std::string(1, '\0')}));
  CHECK(without_name(server_names({})));
  CHECK(without_name(server_name("")));
  CHECK(without_name(server_name("192.0.2.1")));
  CHECK(without_name(server_name("2001:db8::1")));
  CHECK(without_name(server_name("www example.org")));
  CHECK(
      without_name(server_name("b\xc3\xbc"
                               "cher.example")));
  CHECK(without_name(server_name(std::string("www.example.org\0", 16))));
  CHECK(without_name(server_names({{7, "something"}})));
  CHECK(without_name({0, with_length16("\x07")}));
  CHECK(without_name({0, with_length16(std::string("\0\0\x10"
                                                   "example.org",
                                                   14))}));
  CHECK(without_name({0, example.data + "x"}));
  CHECK(without_name({0, "\x01" + example.data.substr(1)}));
}

TEST_CASE("of several entries of server_name the first host name counts") {
  CHECK(answer_to({server_names({{0, "a.example"}, {0, "b.example"}})}) == "a.example");
  CHECK(answer_to({server_names({{1, "x"}, {255, ""}, {0, "b.example"}})}) == "b.example");
  CHECK(answer_to({server_names({{0, "192.0.2.1"}, {0, "b.example"}})}) == "no name");
}

TEST_CASE("two server_names are none") {
  CHECK(answer_to({example, supported_versions(), example}) == "no name");
}

TEST_CASE("a name is the outer one where the hello is encrypted, or says it were") {
  CHECK(answer_to({example, outer_ech()}) == "www.example.org (outer)");
  CHECK(answer_to({outer_ech(239), grease(3), example}) == "www.example.org (outer)");
  CHECK(answer_to({{0xfe0d, ""}, example}) == "www.example.org (outer)");
  CHECK(answer_to({{0xfe0d, "\x07"}, example}) == "www.example.org (outer)");
  CHECK(answer_to({inner_ech(), example}) == "www.example.org");
}

TEST_CASE("a name is known once ECH was seen or the last extension begins, and not before") {
  const std::size_t after_name = hello_with({example}).size();
  const Bytes plain = hello_with({example, supported_versions(), post_quantum_key_share()});
  const std::size_t last = hello_with({example, supported_versions(), {51, ""}}).size();
  CHECK(answered_after(read_client_hello, plain) == last);
  CHECK(answered_after(read_client_hello, hello_with({example})) == after_name);

  const Bytes hidden = hello_with({example, outer_ech(), post_quantum_key_share()});
  constexpr std::size_t header_and_type = 5;
  CHECK(answered_after(read_client_hello, hidden) == after_name + header_and_type);
  const Bytes late = hello_with({outer_ech(), example, post_quantum_key_share()});
  CHECK(answered_after(read_client_hello, late) == hello_with({outer_ech(), example}).size());
}

TEST_CASE("no more than its first byte is read of another message") {
  for (const std::uint8_t type : std::vector<std::uint8_t>{0, 2, 4, 11, 22}) {
    HelloParts parts;
    parts.type = type;
    parts.extensions = {example};
    CHECK(answer_to(hello_of(parts)) == "no name");
    CHECK(answered_after(read_client_hello, hello_of(parts)) == 1);
  }
}

TEST_CASE("a hello that is not well-formed has no name") {
  const auto with = [](auto change) {
    HelloParts parts;
    parts.extensions = {supported_versions(), example};
    change(parts);
    return answer_to(hello_of(parts));
  };
  REQUIRE(with([](HelloParts&) {}) == "www.example.org");
  CHECK(with([](HelloParts& parts) { parts.version = 0x0203; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.version = 0xfefd; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.session_id = std::string(33, 's'); }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.cipher_suites = ""; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.cipher_suites = "\x13\x01\x13"; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.compression_methods = ""; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.extensions_size = 32; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.extensions_size = 34; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.size = 0; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.size = 40; }) == "no name");
  CHECK(with([](HelloParts& parts) { parts.size = 120; }) == "no name");
}

TEST_CASE("an extension does not reach beyond its list") {
  for (const std::string_view tail : {std::string_view("\0", 1), std::string_view("\0\x33\0", 3),
                                      std::string_view("\0\x33\0\1", 4)}) {
    HelloParts parts;
    parts.extensions = {example};
    parts.behind_extensions = tail;
    CHECK(answer_to(hello_of(parts)) == "no name");
  }
}

TEST_CASE("a hello of up to 64 KiB is read, a longer one has no name at once") {
  const std::size_t rest = hello_with({example, padding(0)}).size();
  Bytes message = hello_with({example, padding(longest_hello - rest)});
  REQUIRE(message.size() == longest_hello);
  CHECK(steady_answer(read_client_hello, message, 997) == "www.example.org");
  message = hello_with({example, padding(longest_hello - rest + 1)});
  CHECK(steady_answer(read_client_hello, message, 997) == "no name");
  CHECK(answered_after(read_client_hello, message) == 4);
}

TEST_CASE("what stands behind a hello is not looked at") {
  for (const auto& extensions : {std::vector{example}, std::vector{supported_versions()}}) {
    Bytes message = hello_with(extensions);
    const std::string answer = answer_to(message);
    append(message, hello_with({server_name("other.example"), outer_ech()}));
    CHECK(answer_to(message) == answer);
  }
}

TEST_CASE("an answer to a mutated hello is never taken back") {
  const Bytes message = hello_with({grease(1), server_names({{1, "x"}, {0, "www.example.org"}}),
                                    supported_versions(), outer_ech(20), pre_shared_key()});
  CHECK(unsteady_mutation(read_client_hello, message, 3'000) == "");
}

}  // namespace
}  // namespace weir
