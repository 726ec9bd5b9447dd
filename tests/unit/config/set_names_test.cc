// Which set an item of a rule's list means.
#include "config/set_names.h"

#include "catch.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

class Names {
 public:
  explicit Names(const Lines& named) : names_(sections(named)) {}

  // The items of a list in line 9 after resolve().
  Lines resolve(const Lines& items, const std::string& file = "/etc/weir/weir.ini") {
    Value list;
    for (const std::string& text : items) {
      Value item;
      item.text = text;
      item.location = {file, 9};
      list.items.push_back(item);
    }
    names_.resolve(list, findings_);
    Lines out;
    for (const Value& item : list.items) {
      out.push_back(item.text);
    }
    return out;
  }
  std::vector<SetSettings> used() { return names_.take_used(findings_); }
  Lines used_keys() {
    Lines out;
    for (const SetSettings& set : used()) {
      out.push_back(set.key());
    }
    return out;
  }
  Lines findings() {
    Lines out;
    for (const Diagnostic& one : findings_.take()) {
      out.push_back(one.line());
    }
    return out;
  }

 private:
  static std::vector<SetSettings> sections(const Lines& named) {
    std::vector<SetSettings> out;
    for (const std::string& name : named) {
      out.push_back({.name = name,
                     .location = {"/etc/weir/weir.ini", static_cast<int>(out.size()) + 1},
                     .entries = {{"192.0.2.1", {}}}});
    }
    return out;
  }

  SetNames names_;
  Findings findings_;
};

TEST_CASE("an item is the set of that name, or else the file beside the configuration") {
  Names names({"ads", "lan.list"});
  CHECK(
      names.resolve({"192.0.2.1", "@ads", "!@ads", "! @ads", "@lan.list", "@more.list", "!@/a"}) ==
      Lines{"192.0.2.1", "@ads", "!@ads", "!@ads", "@lan.list", "@@/etc/weir/more.list", "!@@/a"});
  CHECK(names.used_keys() == Lines{"ads", "lan.list", "@/etc/weir/more.list", "@/a"});
  CHECK(names.findings().empty());
}

TEST_CASE("a file that has the name of a set, in the folder of the program, is another set") {
  Names names({"ads"});
  CHECK(names.resolve({"@ads", "@./ads"}, "weir.ini") == Lines{"@ads", "@@./ads"});
}

TEST_CASE("rules that name the same file share one set, which is read once") {
  Names names({});
  names.resolve({"@a.list"});
  names.resolve({"@/etc/weir/a.list", "@b.list"});
  names.resolve({"!@a.list"});
  const auto used = names.used();
  REQUIRE(used.size() == 2);
  CHECK(used[0].files.front().text == "/etc/weir/a.list");
  CHECK(used[0].location == SourceLocation{"/etc/weir/weir.ini", 9});
  CHECK(used[1].files.front().text == "/etc/weir/b.list");
}

TEST_CASE("a country list is one item, with all codes that follow it") {
  Names names({});
  CHECK(names.resolve({"c.mmdb:DE", "at", "AS64500", "192.0.2.1", "CH"}) ==
        Lines{"@@/etc/weir/c.mmdb:DE,AT,AS64500", "192.0.2.1", "CH"});
  CHECK(names.resolve({"!@c.mmdb:at", "AT"}) == Lines{"!@@/etc/weir/c.mmdb:AT"});
  CHECK(names.resolve({"@c.mmdb:DE", "!AT"}) == Lines{"@@/etc/weir/c.mmdb:DE", "!AT"});
  CHECK(names.resolve({"c.mmdb:de, at"}) == Lines{"@@/etc/weir/c.mmdb:DE,AT"});
  CHECK(names.used_keys() == Lines{"@/etc/weir/c.mmdb:DE,AT,AS64500", "@/etc/weir/c.mmdb:AT",
                                   "@/etc/weir/c.mmdb:DE", "@/etc/weir/c.mmdb:DE,AT"});
  CHECK(names.findings().empty());
}

TEST_CASE("a set that no rule names is not read, and a warning says so") {
  Names names({"ads", "guests"});
  names.resolve({"@guests"});
  CHECK(names.used_keys() == Lines{"guests"});
  CHECK(names.findings() ==
        Lines{"/etc/weir/weir.ini:1: warning: [set ads] is used by no rule and not read"});
}

TEST_CASE("an item that is almost the name of a set says so where there is no such file") {
  Names names({"guests", "ads"});
  names.resolve({"@guest", "@/var/lib/x"});
  const auto used = names.used();
  REQUIRE(used.size() == 2);
  CHECK(used[0].files.front().hint == ", did you mean the set '@guests'?");
  CHECK(used[1].files.front().hint.empty());
}

TEST_CASE("an '@' alone names nothing") {
  Names names({});
  CHECK(names.resolve({"@", "!@"}) == Lines{"@", "!@"});
  CHECK(names.used().empty());
  CHECK(names.findings() ==
        Lines{"/etc/weir/weir.ini:9: error: '@' needs the name of a set or of a file"});
}

}  // namespace
}  // namespace weir
