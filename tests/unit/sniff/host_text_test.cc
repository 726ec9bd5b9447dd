// A host's text comes into the spelling by which rules compare names, or is no name.
#include "sniff/host_text.h"

#include <string>

#include "catch.h"
#include "sets/name.h"
#include "sniff/sniff_checks.h"

namespace weir {
namespace {

std::string host_or_none(const std::string& text) { return host_of(text).value_or("none"); }

// Of labels with 63 bytes and one that fills up.
std::string name_of_size(std::size_t size) {
  std::string out;
  while (out.size() + 64 < size) {
    out += std::string(63, 'a') + ".";
  }
  return out + std::string(size - out.size(), 'b');
}

TEST_CASE("a host is kept in lower case, without the dot at its end") {
  CHECK(host_or_none("www.example.org") == "www.example.org");
  CHECK(host_or_none("WWW.Example.ORG.") == "www.example.org");
  CHECK(host_or_none("localhost") == "localhost");
  CHECK(host_or_none("XN--bcher-KVA.example") == "xn--bcher-kva.example");
  CHECK(host_or_none("_dmarc.a-b_.1.example") == "_dmarc.a-b_.1.example");
}

TEST_CASE("an address literal is no host") {
  CHECK(host_or_none("192.0.2.1") == "none");
  CHECK(host_or_none("192.0.2.1.") == "none");
  CHECK(host_or_none("3221225985") == "none");
  CHECK(host_or_none("2001:db8::1") == "none");
  CHECK(host_or_none("[2001:db8::1]") == "none");
  CHECK(host_or_none("::ffff:192.0.2.1") == "none");
}

TEST_CASE("a host has labels of 1 to 63 bytes, and at most 253 bytes") {
  CHECK(host_or_none("") == "none");
  CHECK(host_or_none(".") == "none");
  CHECK(host_or_none("..") == "none");
  CHECK(host_or_none(".example.org") == "none");
  CHECK(host_or_none("www..example.org") == "none");
  CHECK(host_or_none("example.org..") == "none");
  CHECK(host_or_none(std::string(63, 'a') + ".org") == std::string(63, 'a') + ".org");
  CHECK(host_or_none(std::string(64, 'a') + ".org") == "none");
  CHECK(host_or_none(name_of_size(253)) == name_of_size(253));
  CHECK(host_or_none(name_of_size(253) + ".") == name_of_size(253));
  CHECK(host_or_none(name_of_size(254)) == "none");
}

TEST_CASE("a host is of letters, digits, hyphens and underscores") {
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool is_taken = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
    INFO("byte " << c);
    CHECK(host_of(std::string("a") + byte + "b.org").has_value() == is_taken);
  }
}

TEST_CASE("what is a host is the exact name of a rule, and the other way round") {
  constexpr std::string_view characters = "aZ09-_..*: \xc3";
  Random random(5890);  // NOLINT: the same texts each time
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (std::size_t size = below(random, 9); size != 0; --size) {
      text += characters[below(random, characters.size())];
    }
    const auto host = host_of(text);
    const auto name = Name::parse(text);
    const bool is_ascii = text.find('\xc3') == std::string::npos;  // rules take U-labels, too
    const bool is_exact = name.ok() && name.value().form == NameForm::exact && is_ascii;
    INFO(text);
    REQUIRE(host.has_value() == is_exact);
    REQUIRE((!host || *host == name.value().text));
  }
}

}  // namespace
}  // namespace weir
