// Names as rules and lists write them.
#include "sets/name.h"

#include "catch.h"

namespace weir {
namespace {

std::string flaw_of(std::string_view text) {
  const auto name = Name::parse(text);
  return name ? "none" : name.error().text();
}

TEST_CASE("a name says by its beginning whether it means itself, what is below it, or both") {
  CHECK(Name::parse("example.org").value() == Name{"example.org", NameForm::exact});
  CHECK(Name::parse("*.example.org").value() == Name{"example.org", NameForm::below});
  CHECK(Name::parse(".example.org").value() == Name{"example.org", NameForm::both});
  CHECK(Name::parse(".example.org").value().written() == ".example.org");
  CHECK(Name::parse("*.example.org").value().written() == "*.example.org");
}

TEST_CASE("a name has one spelling: lower case, without the dot at the end") {
  CHECK(Name::parse("WWW.Example.ORG.").value().text == "www.example.org");
  CHECK(Name::parse("_dmarc.x--y.-a-.org").value().text == "_dmarc.x--y.-a-.org");
  CHECK(Name::parse("tv").value().text == "tv");
}

TEST_CASE("an international name is its A-labels, however it was spelled") {
  CHECK(Name::parse("bücher.example").value().text == "xn--bcher-kva.example");
  CHECK(Name::parse("*.BÜCHER.example.").value() == Name{"xn--bcher-kva.example", NameForm::below});
  CHECK(Name::parse("bu\xCC\x88"
                    "cher.example")
            .value()
            .text == "xn--bcher-kva.example");  // u and a combining diaeresis
  CHECK(Name::parse("straße.example").value().text == "xn--strae-oqa.example");
  CHECK(Name::parse("例え。テスト").value().text == "xn--r8jz45g.xn--zckzah");
  CHECK(Name::parse("xn--bcher-kva.example").value().text == "xn--bcher-kva.example");
}

TEST_CASE("what is no name is shown, with what is wrong with it") {
  const std::string label(63, 'a');
  CHECK(Name::parse(label + ".org").ok());
  CHECK(flaw_of(label + "a.org").ends_with("has a label of more than 63 bytes"));
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  CHECK(longest.size() == 253);
  CHECK(Name::parse(longest).ok());
  CHECK(flaw_of(longest + "a").ends_with("is 254 bytes long: a name has at most 253"));
  CHECK(flaw_of("a..b") == "'a..b' has an empty label");
  CHECK(flaw_of("..b") == "'..b' has an empty label");
  CHECK(flaw_of("") == "'' names nothing");
  CHECK(flaw_of("*.") == "'*.' names nothing");
  CHECK(flaw_of("a/b.org") ==
        "'a/b.org' is neither an address nor a name (of letters, digits, '-', '_' and dots)");
  CHECK(flaw_of("10.0.0.256") ==
        "'10.0.0.256' is neither an address nor a name (its last label is a number)");
  CHECK(flaw_of("ads.*.org") ==
        "'ads.*.org' has a '*' that is not its whole first label, as in '*.example.org'");
  CHECK(flaw_of("+.example.org") == "'+.example.org' is no name, did you mean '.example.org'?");
  CHECK(flaw_of("b\xFC"
                "cher.example")
            .find("is no international name: ") != std::string::npos);
  CHECK(flaw_of(std::string("a\0b.org", 7)).ends_with("has a NUL byte in it"));
}

TEST_CASE("a message shows no more of a text than fits, and nothing that moves the cursor") {
  CHECK(flaw_of("a\x1B[2J.org").find('\x1B') == std::string::npos);
  CHECK(flaw_of(std::string(4000, '!')).size() < 200);
}

}  // namespace
}  // namespace weir
