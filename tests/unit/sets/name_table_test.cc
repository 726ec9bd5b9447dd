// Which name of a set a host is.
#include "sets/name_table.h"

#include <algorithm>
#include <random>

#include "catch.h"

namespace weir {
namespace {

// The n-th name is of line n, from 0 on.
NameTable table_of(const std::vector<Name>& names) {
  NameTable out;
  std::uint32_t line = 0;
  for (const Name& name : names) {
    CHECK(out.add({name.text, name.form, false, {line++}}));
  }
  return out;
}

NameTable table_of(std::initializer_list<const char*> texts) {
  std::vector<Name> names;
  for (const char* text : texts) {
    names.push_back(Name::parse(text).value());
  }
  return table_of(names);
}

std::string found(const NameTable& table, std::string_view host) {
  const auto match = table.find(host);
  return match ? written_name(match->name, match->form) + " " + std::to_string(match->origin.number)
               : "none";
}

bool covers(const NameTable& table, const char* text) {
  const Name name = Name::parse(text).value();
  return table.covers(name.text, name.form);
}

TEST_CASE("each form of a name means its own hosts") {
  const NameTable table = table_of({"exact.org", "*.below.org", ".both.org"});
  CHECK(found(table, "exact.org") == "exact.org 0");
  CHECK(found(table, "www.exact.org") == "none");
  CHECK(found(table, "below.org") == "none");
  CHECK(found(table, "www.below.org") == "*.below.org 1");
  CHECK(found(table, "a.b.c.below.org") == "*.below.org 1");
  CHECK(found(table, "both.org") == ".both.org 2");
  CHECK(found(table, "www.both.org") == ".both.org 2");
  CHECK(found(table, "notboth.org") == "none");
  CHECK(found(table, "org") == "none");
}

TEST_CASE("a host is found however it is spelled") {
  const NameTable table = table_of({"www.example.org"});
  CHECK(found(table, "WWW.Example.ORG.") == "www.example.org 0");
  CHECK(found(table, "www.example.org..") == "none");
}

TEST_CASE("what can be no host is in no table") {
  const NameTable table = table_of({".org", "a"});
  for (const std::string& host :
       {std::string(), std::string("."), std::string("..org"), std::string("a..org"),
        std::string(300, 'a') + ".org", std::string(254, 'a')}) {
    CHECK(found(table, host) == "none");
  }
  std::string longest = "a";
  while (longest.size() < 251) {
    longest += ".a";
  }
  CHECK(found(table, longest.substr(0, 249) + ".org") == ".org 0");
  CHECK(found(NameTable(), "org") == "none");
  CHECK(found(table, std::string("a\0b.org", 7)) == ".org 0");
}

TEST_CASE("of several that match the longest is found, and its line") {
  const NameTable table = table_of({".org", "*.example.org", "www.example.org", "*.www.example.org",
                                    "example.org", ".example.org", "example.org"});
  CHECK(table.size() == 6);
  CHECK(found(table, "www.example.org") == "www.example.org 2");
  CHECK(found(table, "a.www.example.org") == "*.www.example.org 3");
  CHECK(found(table, "ftp.example.org") == "*.example.org 1");
  CHECK(found(table, "other.org") == ".org 0");
  const auto both = table.find("example.org",
                               [](const NameMatch& match) { return match.form == NameForm::both; });
  CHECK(both->origin.number == 5);
}

TEST_CASE("a name is found by itself only in its own form") {
  const NameTable table = table_of({".example.org", "www.example.org"});
  CHECK(table.exact("example.org", NameForm::both));
  CHECK_FALSE(table.exact("example.org", NameForm::exact));
  CHECK_FALSE(table.exact("www.example.org", NameForm::both));
  CHECK_FALSE(table.exact("a.example.org", NameForm::exact));
}

TEST_CASE("a table covers a name all of whose hosts it has") {
  const NameTable table =
      table_of({"exact.org", "*.below.org", ".both.org", "*.cut.org", "cut.org"});
  CHECK(covers(table, "exact.org"));
  CHECK_FALSE(covers(table, ".exact.org"));
  CHECK_FALSE(covers(table, "*.exact.org"));
  CHECK(covers(table, "*.below.org"));
  CHECK(covers(table, "x.below.org"));
  CHECK(covers(table, ".x.below.org"));
  CHECK_FALSE(covers(table, "below.org"));
  CHECK_FALSE(covers(table, ".below.org"));
  CHECK(covers(table, "*.both.org"));
  CHECK(covers(table, "both.org"));
  CHECK(covers(table, ".cut.org"));
  CHECK(table_of({".org"}).covers(table));
  CHECK_FALSE(table.covers(table_of({".org"})));
  CHECK(table.covers(NameTable()));
}

TEST_CASE("names come back in the order in which they were added, however many they are") {
  std::vector<Name> names;
  for (int i = 0; i < 5000; ++i) {
    names.push_back({std::string(static_cast<std::size_t>(1 + i % 60), 'a') + "." +
                         std::to_string(i) + ".example",
                     static_cast<NameForm>(i % 3)});
  }
  const NameTable table = table_of(names);
  std::uint32_t position = 0;
  for (const Name& name : names) {
    const auto match = table.next(position);
    REQUIRE(match);
    REQUIRE(Name{std::string(match->name), match->form} == name);
    REQUIRE(found(table, name.text).empty() == false);
    REQUIRE(table.exact(name.text, name.form)->origin == match->origin);
  }
  CHECK_FALSE(table.next(position));
}

bool has(const Name& name, const std::string& host) {
  const bool below = host.ends_with("." + name.text);
  return (name.form != NameForm::below && host == name.text) ||
         (name.form != NameForm::exact && below);
}

TEST_CASE("a table answers as looking at each of its names would") {
  std::mt19937 engine(13);
  const auto random = [&](unsigned below) { return static_cast<unsigned>(engine()) % below; };
  // Few different labels, so that names lie above each other and are hit.
  const auto some_name = [&] {
    std::string out(1, static_cast<char>('a' + random(3)));
    for (unsigned i = random(4); i > 0; --i) {
      out += random(2) == 0 ? "." : ".b";
      out += static_cast<char>('a' + random(3));
    }
    return out;
  };
  for (int round = 0; round < 400; ++round) {
    std::vector<Name> names;
    for (unsigned i = random(round % 10 == 0 ? 300 : 10); i > 0; --i) {
      names.push_back({some_name(), static_cast<NameForm>(random(3))});
    }
    const NameTable table = table_of(names);
    for (int i = 0; i < 50; ++i) {
      const std::string host = some_name();
      std::size_t longest = 0;
      for (const Name& name : names) {
        longest = std::max(longest, has(name, host) ? name.text.size() : 0);
      }
      const auto match = table.find(host);
      REQUIRE(match.has_value() == (longest > 0));
      if (match) {
        REQUIRE(match->name.size() == longest);
        const Name& line = names[match->origin.number];
        REQUIRE(line == Name{std::string(match->name), match->form});
        REQUIRE(has(line, host));
      }
      // Hosts of the asked name are tried: one deeper than any label of the table.
      const NameForm form = static_cast<NameForm>(random(3));
      const bool self = form == NameForm::below || table.find(host).has_value();
      const bool deep = form == NameForm::exact || table.find("z." + host).has_value();
      REQUIRE(table.covers(host, form) == (self && deep));
    }
  }
}

}  // namespace
}  // namespace weir
