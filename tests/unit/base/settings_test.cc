#include "weir/settings.h"

#include <array>

#include "base/configuration.h"
#include "catch.h"

namespace weir {
namespace {

constexpr std::array keys{
    Key{.name = "port", .kind = ValueKind::number, .default_value = "80", .min = 1, .max = 65535},
    Key{.name = "wait", .kind = ValueKind::duration, .default_value = "10s"},
    Key{.name = "server", .repeat = Key::Repeat::repeats},
    Key{.name = "port", .kind = ValueKind::number, .default_value = "81"},
};

Value value(const std::string& text, int line) {
  return parse_value(Key{.name = "server"}, text, {"f", line}).value();
}

TEST_CASE("without a value there is the default, and it counts as not given") {
  const Settings settings("web", {"f", 3}, keys);
  CHECK(settings.name() == "web");
  CHECK(settings.number("port") == 80);
  CHECK(settings.duration("wait") == Milliseconds(10'000));
  CHECK_FALSE(settings.given("port"));
  CHECK(settings.location_of("port") == SourceLocation{"f", 3});
  CHECK(settings.all("server").empty());
  CHECK(settings.text_or_empty("server").empty());
}

TEST_CASE("values are kept in order, each with its place") {
  Settings settings("web", {"f", 3}, keys);
  settings.add("server", value("a", 4));
  settings.add("server", value("b", 5));
  REQUIRE(settings.all("server").size() == 2);
  CHECK(settings.all("server")[1].text == "b");
  CHECK(settings.location_of("server") == SourceLocation{"f", 4});
  CHECK(settings.given_keys() == std::vector<std::string_view>{"server"});
}

TEST_CASE("a value can be taken out by its place") {
  Settings settings("web", {"f", 3}, keys);
  settings.add("server", value("a", 4));
  settings.add("server", value("b", 5));
  settings.remove("server", {"f", 4});
  REQUIRE(settings.all("server").size() == 1);
  settings.remove("server", {"f", 5});
  CHECK_FALSE(settings.given("server"));
  settings.remove("nothing", {"f", 5});
}

TEST_CASE("the same values on other lines are the same settings") {
  Settings a("web", {"f", 3}, keys);
  Settings b("web", {"g", 9}, keys);
  a.add("server", value("a", 4));
  b.add("server", value("a", 8));
  CHECK(a.same_values(b));
  b.add("server", value("b", 9));
  CHECK_FALSE(a.same_values(b));
  CHECK_FALSE(a.same_values(Settings("mail", {"f", 3}, keys)));
}

TEST_CASE("a list is its items, without the blanks around them") {
  const auto list = parse_value(Key{.name = "on", .kind = ValueKind::list}, "a,b ,  c", {"f", 1});
  REQUIRE(list.ok());
  REQUIRE(list.value().items.size() == 3);
  CHECK(list.value().items[1].text == "b");
  CHECK(list.value().items[2].location == SourceLocation{"f", 1});
}

TEST_CASE("a rate is in bits a second, and its bounds are said so") {
  const Key rate{.name = "rate", .kind = ValueKind::rate, .min = 1000, .max = 1'000'000'000};
  CHECK(parse_value(rate, "10Mbit", {}).value().number == 10'000'000);
  CHECK(parse_value(rate, "10Gbit", {}).error().text() ==
        "'10Gbit' is out of bounds (1Kbit to 1Gbit)");
}

TEST_CASE("a number that may be a word is marked as one") {
  const Key workers{.name = "workers", .kind = ValueKind::number, .min = 1, .choices = "auto"};
  CHECK(parse_value(workers, "auto", {}).value().is_choice);
  CHECK_FALSE(parse_value(workers, "4", {}).value().is_choice);
}

TEST_CASE("a finding is one line: file, line, severity, text") {
  CHECK(Diagnostic{Diagnostic::Severity::error, {"a.ini", 3}, "no"}.line() == "a.ini:3: error: no");
  CHECK(Diagnostic{Diagnostic::Severity::warning, {"a.ini", 0}, "hm"}.line() ==
        "a.ini: warning: hm");
}

}  // namespace
}  // namespace weir
