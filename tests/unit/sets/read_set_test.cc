// All sources of a set at once.
#include "sets/read_set.h"

#include <fstream>

#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

class Lists {
 public:
  SetSource list(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return {folder_ / name, {"weir.ini", 7}};
  }
  [[nodiscard]] std::vector<std::string> errors(const SetReading& reading) const {
    return shortened(reading.errors);
  }
  // The folder's name left out.
  [[nodiscard]] std::vector<std::string> shortened(const std::vector<Error>& errors) const {
    std::vector<std::string> out;
    for (const Error& error : errors) {
      std::string text =
          error.location().file + ":" + std::to_string(error.location().line) + ": " + error.text();
      const std::string folder = folder_ / "";
      for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
        text.erase(at, folder.size());
      }
      out.push_back(text);
    }
    return out;
  }

 private:
  Folder folder_;
};

using Lines = std::vector<std::string>;

SetSettings from(std::vector<SetSource> files, OnBadLine on_bad_line = OnBadLine::refuse) {
  return {.name = "s",
          .location = {"weir.ini", 6},
          .files = std::move(files),
          .entries = {},
          .on_bad_line = on_bad_line};
}

TEST_CASE("a set is what its entries and all its lists say together, each with its location") {
  Lists lists;
  SetSettings sources = from({lists.list("a", "192.0.2.0/24\n"), lists.list("b", "example.org\n")});
  sources.entries = {{"198.51.100.7", {"weir.ini", 3}}, {"*.example.net", {"weir.ini", 4}}};
  const SetReading reading = read_set(sources);
  REQUIRE(reading.contents);
  const SetContents& set = *reading.contents;
  CHECK(set.size() == 4);
  const auto location = [&](const char* address) {
    return set.described(*set.prefixes.find(Address::parse(address).value())).location;
  };
  CHECK(location("198.51.100.7") == SourceLocation{"weir.ini", 3});
  CHECK(location("192.0.2.1").line == 1);
  CHECK(set.described(*set.find_name("a.example.net")).location == SourceLocation{"weir.ini", 4});
  CHECK(set.described(*set.find_name("example.org")).location.file.ends_with("/b"));
}

TEST_CASE("every problem of every source is said at once") {
  Lists lists;
  SetSettings sources = from({lists.list("a", "192.0.2.0/24\nx y\n192.0.2.1/24\n"),
                              {"/nowhere/list", {"weir.ini", 8}},
                              lists.list("empty", "# later\n")});
  sources.entries = {{"a b", {"weir.ini", 3}}};
  const SetReading reading = read_set(sources);
  CHECK_FALSE(reading.contents);
  CHECK(lists.errors(reading) ==
        Lines{"weir.ini:3: 'a b' is neither an address nor a name (of letters, digits, '-', '_' "
              "and dots)",
              "a:2: there is text after 'x': a list has one item a line",
              "a:3: '192.0.2.1/24' has host bits set, did you mean '192.0.2.0/24'?",
              "weir.ini:8: cannot use '/nowhere/list': there is no such file",
              "weir.ini:7: cannot use 'empty': it lists nothing"});
}

TEST_CASE("bad lines are skipped where that is asked for: counted, and the first of them kept") {
  Lists lists;
  const SetReading reading =
      read_set(from({lists.list("a", "x y\n192.0.2.1\n"), lists.list("b", "y z\nexample.org\n")},
                    OnBadLine::skip));
  REQUIRE(reading.contents);
  CHECK(reading.contents->size() == 2);
  CHECK(reading.bad_lines == 2);
  CHECK(lists.shortened(reading.skipped) ==
        Lines{"a:1: there is text after 'x': a list has one item a line",
              "b:1: there is text after 'y': a list has one item a line"});
}

TEST_CASE("a list that is all bad lines, or no text, is refused even where bad lines are skipped") {
  Lists lists;
  CHECK(lists.errors(read_set(from({lists.list("a", "x y\n")}, OnBadLine::skip))) ==
        Lines{"weir.ini:7: cannot use 'a': none of its lines is an item (1 were skipped)"});
  CHECK(lists.errors(read_set(from({lists.list("b", std::string(50, '\0'))}, OnBadLine::skip))) ==
        Lines{"weir.ini:7: cannot use 'b': it is binary, not text"});
}

TEST_CASE("a thousand bad lines are a hundred errors and their number") {
  Lists lists;
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += "x y\n";
  }
  const SetReading reading = read_set(from({lists.list("a", text)}));
  CHECK(reading.errors.size() == 101);
  CHECK(lists.errors(reading).back() == "weir.ini:7: cannot use 'a': it has 900 more bad lines");
  CHECK(reading.bad_lines == 1000);
}

TEST_CASE("a set of exceptions alone has nothing in it") {
  Lists lists;
  CHECK(lists.errors(read_set(from({lists.list("a", "@@||example.org^\n")}))) ==
        Lines{"weir.ini:6: the set has nothing in it"});
}

TEST_CASE("a set without sources is empty, and no error") {
  Lists lists;
  const SetReading reading = read_set(from({}));
  CHECK(lists.errors(reading).empty());
  REQUIRE(reading.contents);
  CHECK(reading.contents->size() == 0);
}

TEST_CASE("a database without what to take of it, or that is none, is said") {
  Lists lists;
  const SetSource none = lists.list("c.mmdb", "192.0.2.1\n");
  CHECK(lists.errors(read_set(from({none})))
            .front()
            .ends_with("does not say what to take of it: countries, as in 'FILE.mmdb:DE,AT', or "
                       "networks, as in 'FILE.mmdb:AS64500'"));
  CHECK(lists.errors(read_set(from({{none.text + ":DE", none.location}}))) ==
        Lines{"weir.ini:7: cannot use 'c.mmdb': it is no MaxMind database, or a damaged one"});
  CHECK(lists.errors(read_set(from({{"/nowhere/c.mmdb:DE", none.location}}))) ==
        Lines{"weir.ini:7: cannot use '/nowhere/c.mmdb': there is no such file"});
}

}  // namespace
}  // namespace weir
